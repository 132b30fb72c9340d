"""Settings as nested objects, and pages made of notes: what conversions come to."""

import json
from collections import Counter
from dataclasses import dataclass
from html import escape

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from verify.checks import (
    Check,
    Element,
    Heading,
    HeadingsCheck,
    HtmlElementsCheck,
    ValueAt,
    ValuesCheck,
)

Setting = str | int | bool


@dataclass(frozen=True)
class Settings(Value):
    """Values by section and key, as a JSON object of objects."""

    sections: dict[str, dict[str, Setting]]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The object."""
        return {path: (json.dumps(self.sections, ensure_ascii=False, indent=2) + "\n").encode()}

    def checks(self, step: Step) -> list[Check]:
        """The values of each section."""
        return [
            ValuesCheck(
                **step.core(
                    f"section{number}",
                    1 / len(self.sections),
                    f"{step.path} has the settings of [{name}] with their values",
                    json.dumps(values, ensure_ascii=False),
                ),
                path=step.path,
                values=tuple(ValueAt(at=(name, key), equals=to) for key, to in values.items()),
                typed=True,
            )
            for number, (name, values) in enumerate(self.sections.items(), 1)
        ]


@dataclass(frozen=True)
class WebNotes(Value):
    """Notes as a page: headings with their level, and below each a list of items."""

    title: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The page."""
        parts = [
            f"<h2>{escape(name)}</h2>\n<ul>\n"
            + "".join(f"<li>{escape(item)}</li>\n" for item in items)
            + "</ul>\n"
            for name, items in self.sections
        ]
        head = f"<!doctype html>\n<title>{escape(self.title)}</title>\n"
        return {path: f"{head}<h1>{escape(self.title)}</h1>\n{''.join(parts)}".encode()}

    def checks(self, step: Step) -> list[Check]:
        """The headings as a gate, then the items of each section."""
        headings = [Heading(level=1, text=self.title)]
        headings += [Heading(level=2, text=name) for name, _ in self.sections]
        gate = step.gate(
            "headings", f"{step.path} has the title and the headings of the notes", self.title
        )
        checks: list[Check] = [
            HeadingsCheck(**gate, path=step.path, headings=tuple(headings), exact=True)
        ]
        times = Counter(item.casefold() for _, items in self.sections for item in items)
        lists = Element(tag="ul", least=sum(bool(items) for _, items in self.sections))
        others = (Element(tag="li", most=times.total()), lists)
        for number, (name, items) in enumerate(self.sections, 1):
            head = step.core(
                f"items{number}",
                1 / len(self.sections),
                f"{step.path} lists the items of `{name}` below that heading",
                items[0],
            )
            wanted = tuple(
                Element(tag="li", text=item, least=times[key], most=times[key])
                for key, item in {item.casefold(): item for item in items}.items()
            )
            whole = others if number == 1 else ()
            checks.append(HtmlElementsCheck(**head, path=step.path, elements=(*wanted, *whole)))
        return checks
