"""Settings files of a world: INI, kept by hand, of a service that is run there."""

import random
from collections.abc import Mapping
from functools import cache

from synth.taxonomy import category_of
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.domain import Domain
from synth.values import Config, Role, RowSet
from synth.values.config import Change

_EDITORS = ("Ines", "Marek", "Priya", "Tom")


class Service(Data):
    """A program with settings, as `data/services.toml` tells of it."""

    name: str
    said: str
    title: str
    places: tuple[str, ...]
    sections: tuple[str, ...]
    keys: Mapping[str, tuple[str, ...]]
    added: Mapping[str, tuple[str, ...]]
    changes: tuple[Change, ...]
    baseline: str = ""


class _ServiceFile(Data):
    service: tuple[Service, ...]


@cache
def services_at(subcategory: str) -> tuple[Service, ...]:
    """The services that are run there."""
    places = {subcategory, category_of(subcategory).name}
    every = read_toml(_ServiceFile, "services.toml").service
    return tuple(service for service in every if not service.places or places & {*service.places})


def make_config(rng: random.Random, service: Service, domain: Domain, feed: RowSet) -> Config:
    """An INI file with commented sections and, of some services, stale figures for a category."""
    sections: dict[str, dict[str, str]] = {}
    lines = [f"# {service.title}", "# Managed by hand: keep the comments."]
    for section in rng.sample(service.sections, 3):
        sections[section] = {key: rng.choice(values) for key, values in service.keys.items()}
        lines += ["", f"[{section}]"]
        if rng.random() < 0.6:
            lines.append(f"# last changed by {rng.choice(_EDITORS)}, {rng.randint(2021, 2024)}")
        lines += [f"{key} = {value}" for key, value in sections[section].items()]
    if not service.baseline:
        return Config("\n".join(lines) + "\n", sections, changes=service.changes)
    category = rng.choice(feed.of_role(Role.CATEGORY)).name
    known = sorted({str(value) for value in feed.values(category)})
    said = service.baseline.format(plural=domain.plural, group=category.replace("_", " "))
    figures = {value: str(rng.randint(2, 19)) for value in known[: len(known) // 2 + 1]}
    sections["baseline"] = figures
    lines += ["", "[baseline]", f"# {said}"]
    lines += [f"{key} = {value}" for key, value in figures.items()]
    return Config("\n".join(lines) + "\n", sections, service.changes, category)
