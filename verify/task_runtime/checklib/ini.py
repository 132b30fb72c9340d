"""INI files: the values that were asked for, and everything else as it was."""

from collections import Counter

from checklib.case import read_text
from checklib.cells import as_number, same
from checklib.verdict import Mismatch


def load_config(text, path):
    """Sections with their keys; nothing may stand twice. Linear, unlike `configparser`."""
    sections, section = {}, None
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        where = "%s line %d" % (path, number)
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section in sections:
                raise Mismatch("section [%s] stands twice" % section, where)
            sections[section] = {}
            continue
        key, equals, value = line.partition("=")
        key = key.strip()
        if not equals or section is None:
            raise Mismatch("neither a section nor an entry of one: %r" % line[:80], where)
        if key in sections[section]:
            raise Mismatch("%s.%s stands twice" % (section, key), where)
        sections[section][key] = value.strip()
    return sections


def check_config_kept(case, check):
    """Everything outside the values to change is as it was, comments included."""
    text = read_text(case, check["path"])
    config = load_config(text, check["path"])
    for section, values in check["kept"].items():
        for key, value in values.items():
            found = config.get(section, {}).get(key)
            if found != value:
                raise Mismatch("%s.%s = %s" % (section, key, found), check["path"])
    lost = Counter(check["comments"]) - Counter(line.strip() for line in text.split("\n"))
    if lost:
        raise Mismatch("comment lost: %s" % next(iter(lost)), check["path"])
    refuse_unknown(config, [check["kept"], check["values"]], check["path"])
    return "everything else unchanged"


def refuse_unknown(config, known, path):
    for section, values in config.items():
        if not any(section in part for part in known):
            raise Mismatch("unexpected section [%s]" % section, path)
        for key in values:
            if not any(key in part.get(section, {}) for part in known):
                raise Mismatch("unexpected key %s.%s" % (section, key), path)


def check_config_values(case, check):
    config = load_config(read_text(case, check["path"]), check["path"])
    for section, values in check["values"].items():
        for key, expected in values.items():
            found = config.get(section, {}).get(key)
            if not same(expected, found, as_number(expected) is not None):
                raise Mismatch("%s.%s = %s" % (section, key, found), check["path"])
    return "every value"


CHECKS = {"config_kept": check_config_kept, "config_values": check_config_values}
