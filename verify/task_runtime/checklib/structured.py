"""JSON, YAML, TOML and INI: values at their places, and everything else as it was."""

import json

from checklib.case import read_text, strict_json, suffix_of
from checklib.cells import as_number, as_text, close
from checklib.rows import load_lines, table_of
from checklib.verdict import Mismatch, Unable, settle

SAID_TRUTH = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
}


def load(case, path, kind):
    """The data of a file; `kind` overrides its extension."""
    kind = kind or suffix_of(path)
    text = read_text(case, path)
    if kind == "json":
        return strict_json(text, path)
    if kind == "jsonl":
        return load_lines(text, path)
    if kind in ("yaml", "yml"):
        from checklib.yaml_subset import parse_yaml  # noqa: PLC0415 - shipped only where it is needed

        return parse_yaml(text, path)
    if kind == "toml":
        return load_toml(text, path)
    if kind in ("ini", "cfg"):
        from checklib.ini import load_config  # noqa: PLC0415 - shipped only where it is needed

        return load_config(text, path)
    raise Mismatch("no known kind of data: .%s" % kind, path)


def load_toml(text, path):
    try:
        import tomllib  # noqa: PLC0415 - not in every Python that grades
    except ImportError:
        raise Unable("TOML needs Python 3.11 or newer in the verifier's image") from None
    try:
        return as_json(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise Mismatch("not valid TOML: %s" % error, path) from None


def as_json(value):
    """TOML's dates and times as the text that they are written as."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def show(value):
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except (TypeError, ValueError):
        return repr(value)[:200]


def place(at):
    """`server.ports[0]`."""
    words = "".join("[%d]" % part if isinstance(part, int) else "." + part for part in at)
    return words.lstrip(".") or "the whole"


def value_at(data, at):
    """(True, value) at a path of keys and list positions; (False, None) if there is none."""
    for part in at:
        if isinstance(part, int) and isinstance(data, list):
            if not -len(data) <= part < len(data):
                return False, None
            data = data[part]
        elif isinstance(data, dict) and str(part) in data:
            data = data[str(part)]
        else:
            return False, None
    return True, data


def difference(expected, found, absolute, relative, typed, at=()):
    """The first place at which two values differ, as (path, found); None if they are the same."""

    def inner(left, right, key):
        return difference(left, right, absolute, relative, typed, (*at, key))

    if isinstance(expected, dict) and isinstance(found, dict):
        return members_differ(expected, found, at, inner)
    if isinstance(expected, list) and isinstance(found, list):
        return items_differ(expected, found, at, inner)
    same = same_scalar(expected, found, absolute, relative, typed)
    return None if same else (at, show(found))


def members_differ(expected, found, at, inner):
    for key, value in expected.items():
        problem = inner(value, found[key], str(key)) if key in found else ((*at, key), "missing")
        if problem:
            return problem
    extra = next((key for key in found if key not in expected), None)
    return extra if extra is None else ((*at, str(extra)), "unexpected: %s" % show(found[extra]))


def items_differ(expected, found, at, inner):
    for number, (left, right) in enumerate(zip(expected, found)):
        problem = inner(left, right, number)
        if problem:
            return problem
    if len(expected) != len(found):
        return at, "%d items, not %d" % (len(found), len(expected))
    return None


def same_scalar(expected, found, absolute, relative, typed):
    kinds = [type(expected), type(found)]
    if dict in kinds or list in kinds:
        return False
    if bool in kinds or expected is None or found is None:
        return expected is (found if typed else as_truth(expected, found))
    if kinds == [str, str] or (typed and str in kinds):
        return expected == found if typed else as_text(expected) == as_text(found)
    left, right = as_number(expected), as_number(found)
    return left is not None and right is not None and close(left, right, absolute, relative)


def as_truth(expected, found):
    """What a text such as `yes` means where a truth value is expected."""
    if isinstance(expected, bool) and isinstance(found, str):
        return SAID_TRUTH.get(found.strip().lower(), found)
    return found


def loaded(case, check):
    return case.once(load, check["path"], check["format"])


def untyped(check):
    """INI has only text, and what `yes` is depends on the version of YAML."""
    kind = check["format"] or suffix_of(check["path"])
    return kind in ("ini", "cfg", "yaml", "yml")


def check_values(case, check):
    """These values stand at these places, and nothing at others."""
    data, path = loaded(case, check), check["path"]
    typed = check["typed"] and not untyped(check)
    problems = []
    for item in check["values"]:
        there, found = value_at(data, item["at"])
        differs = (item["at"], "nothing") if not there else None
        if there:
            differs = difference(
                item["equals"], found, item["absolute"], item["relative"], typed, tuple(item["at"])
            )
        if differs:
            problems.append(("%s = %s" % (place(differs[0]), differs[1]), path))
    for at in check["absent"]:
        there, found = value_at(data, at)
        if there:
            problems.append(("%s = %s" % (place(at), show(found)), path))
    total = len(check["values"]) + len(check["absent"])
    return settle(problems, total, check["partial"], "%d values" % total)


def check_only_changed(case, check):
    """Everything but the named places is as it was."""
    data, path = loaded(case, check), check["path"]
    before = check["before"]
    for at in check["changed"]:
        before, data = without(before, at), without(data, at)
    differs = difference(before, data, 0.0, 0.0, not untyped(check))
    if differs:
        raise Mismatch("%s = %s" % (place(differs[0]), differs[1]), path)
    return "everything else unchanged"


def without(data, at):
    """A copy of the data with the value at a path blotted out, whether it was there or not."""
    if not at:
        return None
    head, rest = at[0], at[1:]
    if isinstance(data, dict) and (str(head) in data or not rest):
        copy = dict(data)
        copy[str(head)] = without(data.get(str(head)), rest)
        return copy
    if isinstance(data, list) and isinstance(head, int) and -len(data) <= head < len(data):
        copy = list(data)
        copy[head] = without(data[head], rest)
        return copy
    return data


def tables(case, check):
    """The list of objects at a place in the file, as a table."""
    there, found = value_at(loaded(case, check), check["at"])
    where = "%s, %s" % (check["path"], place(check["at"])) if check["at"] else check["path"]
    if not there:
        raise Mismatch("nothing there", where)
    header, rows = table_of(found, where)
    return [(where, header, rows)]


CHECKS = {"values": check_values, "only_changed": check_only_changed}
