// Runs OpenClaw's own frontmatter parser over files: one JSON line in, one out. Nothing is executed.
// usage: node openclaw_parser.mjs <openclaw>/dist/frontmatter-*.mjs < paths (JSON strings, one a line)
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const exported = Object.values(await import(pathToFileURL(resolve(process.argv[2])).href));
const named = (name) => exported.find((value) => value?.name === name);
const parse = named("parseSkillFrontmatter");
const manifest = named("resolveSkillManifestMetadata");
const policy = named("resolveSkillInvocationPolicy");

function read(path) {
  try {
    const bytes = readFileSync(path);
    const frontmatter = parse(bytes.toString("utf8"));
    const name = frontmatter.name?.trim() || basename(dirname(path)).trim();
    const description = frontmatter.description?.trim();
    if (!name || !description) return { loads: false, reason: "no name or description" };
    return {
      loads: true, name, description,
      manifest: manifest(frontmatter) ?? null, policy: policy(frontmatter),
    };
  } catch (error) {
    return { loads: false, reason: String(error.message ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line) console.log(JSON.stringify(read(JSON.parse(line))));
}
