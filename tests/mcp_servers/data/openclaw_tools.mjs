// Lines of JSON {workspace, tool, args} in, lines of "@@" and JSON out. Argument: OpenClaw's dist folder.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const dist = process.argv[2];
const holdsTools = (name) =>
  /^agent-tools-.*\.mjs$/.test(name) &&
  fs.readFileSync(path.join(dist, name), 'utf8').includes('createOpenClawCodingTools }');
const module_ = await import(path.join(dist, fs.readdirSync(dist).find(holdsTools)));

const make = (workspace) =>
  module_.createOpenClawCodingTools({
    workspaceDir: workspace, cwd: workspace, agentId: 'main', sessionKey: 'agent:main:main',
    config: { agents: { defaults: { workspace } }, memory: { search: { provider: 'none' } } },
    senderIsOwner: true, modelProvider: 'openai', modelId: 'gpt-5', modelHasVision: true,
  });

const tools = new Map();
let calls = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { workspace, tool, args } = JSON.parse(line);
  if (!tools.has(workspace)) tools.set(workspace, make(workspace));
  let answer;
  try {
    const found = tools.get(workspace).find((each) => each.name === tool);
    const result = await found.execute(`call-${++calls}`, args, undefined, undefined);
    answer = { ok: true, content: result.content, details: result.details };
  } catch (error) {
    answer = { ok: false, error: String(error?.message ?? error) };
  }
  process.stdout.write(`@@${JSON.stringify(answer)}\n`);
}
process.exit(0);
