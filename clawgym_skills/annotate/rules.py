"""The deterministic annotator: the same skill gives the same record, offline, with its evidence."""

import math
import re
from collections.abc import Iterable

from clawgym_skills._text import one_line, shorten
from clawgym_skills.annotate.core import core_content
from clawgym_skills.annotate.formats import Formats
from clawgym_skills.annotate.language import language_of
from clawgym_skills.annotate.record import Additions, Annotation, Evidence, Facts
from clawgym_skills.annotate.signals import field_scores, find_evidence, signals
from clawgym_skills.annotate.taxonomy import category_file, classify
from clawgym_skills.annotate.text import LineKind, SkillText, text_of
from clawgym_skills.skill import Skill

RULES_VERSION = 1
"""Raised whenever the same skill may be annotated differently."""

RULES = "rules"

_THRESHOLD = 1.0
_DECLARED_WEIGHT = 2.0
_SUMMARY_CHARS = 300

_SECRET_NAME = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|_PAT|CREDENTIALS?|COOKIES?|AUTH|API|_SID|"
    r"ACCOUNT|USER(?:NAME)?|EMAIL|CLIENT_ID|APP_?ID)S?(?:_|$)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(
    r"(?:export\s+|\$\{?|os\.environ(?:\.get)?[\[(]\s*[\"']|os\.getenv\(\s*[\"']|process\.env\.)"
    r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"
)
_USUAL_VARIABLES = re.compile(
    r"(?:XDG|LC|OPENCLAW_(?:HOME|STATE)|CLAWD\w*_DIR|NODE|PYTHON)_|_DIR$|_PATH$"
)
_MOST_VARIABLES = 20


def annotate(skill: Skill, skill_id: str, source: str = "") -> Annotation:
    """Annotate one skill by rules.

    Args:
        skill: the skill as it was read.
        skill_id: its id in the record, as `SkillIds` gives it.
        source: what stands under `source_skill_dir`; by default the skill's path.
    """
    text = text_of(skill)
    evidence = [*_declared(text), *find_evidence(text)]
    scores = field_scores(evidence)
    scores["auth"] += sum(e.weight for e in evidence if e.signal == "declared")
    formats = Formats(text)
    language, language_certainty = language_of(text)
    labels = classify(text)
    auth, media, risk = (scores[name] >= _THRESHOLD for name in ("auth", "media", "risk"))
    facts = Facts(
        language=language,
        summary=shorten(one_line(skill.description), _SUMMARY_CHARS) or skill.name,
        auth_required=auth,
        auth_details=_reasons(evidence, "auth") if auth else (),
        input_format=formats.input_format,
        output_format=formats.output_format,
        has_risk=risk,
        risk_reasons=_reasons(evidence, "risk") if risk else (),
        required_env=_required_env(text),
        text_only_compatible=not media,
        non_text_reasons=_reasons(evidence, "media") if media else (),
        core_content=core_content(text),
    )
    confidence = {
        "language": round(language_certainty, 3),
        "auth_required": _certainty(scores["auth"]),
        "text_only_compatible": _certainty(scores["media"]),
        "has_risk": _certainty(scores["risk"]),
        "category": round(labels.category_confidence, 3),
        "operations": round(labels.operation_confidence, 3),
    }
    block = Additions(
        annotator=RULES,
        version=str(RULES_VERSION),
        digest=skill.digest,
        category=labels.category,
        hub_categories=labels.hub,
        classifier=category_file().version,
        operations=labels.operations,
        needs_network=scores["network"] >= _THRESHOLD,
        risks=_names(evidence, "risk") if risk else (),
        confidence=confidence,
        evidence=(*evidence, *formats.evidence, *labels.evidence),
    )
    return Annotation.of(skill_id, source or str(skill.path), facts, block)


def _certainty(score: float) -> float:
    """0.5 on the threshold, near 1 far from it."""
    return round(1 - 0.5 * math.exp(-2.5 * abs(score - _THRESHOLD)), 3)


def _declared(text: SkillText) -> list[Evidence]:
    """Secrets that the frontmatter declares: the author's own word."""
    names = [
        *text.skill.openclaw.requires.env,
        *_primary(text),
    ]
    secret = [name for name in dict.fromkeys(names) if _SECRET_NAME.search(name)]
    return [
        Evidence(
            field="auth",
            signal="declared",
            path=text.document.path,
            line=_line_of(text, name),
            words=name,
            weight=_DECLARED_WEIGHT,
        )
        for name in secret
    ]


def _primary(text: SkillText) -> list[str]:
    """`primaryEnv`, wherever in the frontmatter it stands."""
    header = "\n".join(line for _, line in text.of(LineKind.HEADER))
    return re.findall(r"[\"']?primary_?env[\"']?\s*:\s*[\"']?([A-Za-z_]\w*)", header, re.IGNORECASE)


def _line_of(text: SkillText, word: str) -> int:
    position = text.document.lower.find(word.lower().encode())
    return text.document.line_at(position) + 1 if position >= 0 else 1


def _reasons(evidence: Iterable[Evidence], field: str) -> tuple[str, ...]:
    """The reason of each signal that carries weight, with its best words and where they stand."""
    texts = {signal.name: signal.reason for signal in signals()}
    texts["declared"] = "declares a secret in its requirements"
    best: dict[str, Evidence] = {}
    for item in evidence:
        if item.field == field and item.weight > best.get(item.signal, item).weight:
            best[item.signal] = item
        elif item.field == field and item.weight > 0:
            best.setdefault(item.signal, item)
    ordered = sorted(best.values(), key=lambda item: -item.weight)
    return tuple(
        f"{texts[item.signal]} ({one_line(item.words)}, {item.path}:{item.line})"
        for item in ordered
    )


def _names(evidence: Iterable[Evidence], field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.signal for e in evidence if e.field == field and e.weight > 0))


def _required_env(text: SkillText) -> tuple[str, ...]:
    """Declared variables, then those that commands and scripts read."""
    names = dict.fromkeys([*text.skill.openclaw.requires.env, *_primary(text)])
    for file in text.files:
        content = "\n".join(file.lines) if b"_" in file.lower else ""
        for found in _VARIABLE.finditer(content):
            if _SECRET_NAME.search(found[1]) and not _USUAL_VARIABLES.search(found[1]):
                names[found[1]] = None
    return tuple(name for name in names if name.strip())[:_MOST_VARIABLES]
