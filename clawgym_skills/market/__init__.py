"""The marketplace: skills from a registry, a folder, an archive or a git checkout, and back.

names        `@owner/slug@version`, and what a slug may be
semver       versions and their order
collation    ClawHub's order of paths
ignoring     `.gitignore` and `.clawhubignore`
fingerprint  one hash for the published files of a skill
bundle       the files of a skill on their way in or out, within limits
archives     ZIP and tar, read as hostile, written the same every time
git          a commit as files, without a checkout
javascript   bytes that depend on how JavaScript orders and writes
lockfile     `lock.json` and `origin.json`
manifest     our own record of an install, with the hash of every file
wire         what registries say, as models
transport    HTTP with a cache, retries, deadlines and limits on size
client       a registry
sources      what `install` can be given
policy       who may say no to an install
scanning     our scanner as that gate
quarantine   from nothing to installed in one step, or not at all
installed    what lies in a skills folder, held against what was installed
workspace    installing, pinning, removing
updating     bringing skills to what the registry has
publishing   a folder into a registry
recording    what a catalogue keeps of an install
server       a registry of one's own
"""
