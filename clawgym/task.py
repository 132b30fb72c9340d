"""Tasks: an instruction, an initial workspace, a verifier, and a proof that it can be solved.

On disk a task is a directory in the Harbor 1.4 layout, so the ecosystem reads it as it is:

    task.toml                 settings; ours stand under [metadata.clawgym]
    instruction.md            what the agent is told
    graph.json                the task graph, where the task was synthesised
    environment/workspace/    the files that the agent starts with
    environment/skills/       the skills that it is offered
    environment/site/         pages that are served inside the box: see `clawgym.sandbox.site`
    tests/                    the verifier; the agent never sees it
    solution/                 the reference solution; nor this

What else stands there (a Dockerfile of one's own, a compose file, `steps/`, a README) is kept as it
is in `Task.other`.
"""

import os
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from clawgym.graph import TaskGraph
from clawgym.invalid import explain

_DOCKERFILE = """FROM python:3.11-slim
COPY workspace /workspace
COPY skills /skills
WORKDIR /workspace
"""

_SITE_DOCKERFILE = f"""{_DOCKERFILE}COPY site /srv/site
COPY serve_site.py /srv/serve_site.py
ENTRYPOINT ["python3", "-I", "-S", "-B", "/srv/serve_site.py", "/srv/site"]
CMD ["sleep", "infinity"]
"""
"""The entry point starts the server of the task's site, and becomes the command it is given."""

_SITE, _SITE_SERVER = "environment/site/", "environment/serve_site.py"
_ENVIRONMENTS = tuple(
    f"environment/{name}"
    for name in ("Dockerfile", "docker-compose.yaml", "singularity-compose.yaml")
)
_FOLDERS = ("environment/workspace", "environment/skills", "tests", "solution")


class _Section(BaseModel):
    """A table of `task.toml`: Harbor allows keys that we do not know, and we keep them."""

    model_config = ConfigDict(extra="allow", frozen=True)


class ClawGymMetadata(BaseModel):
    """`[metadata.clawgym]`: where the task comes from and how it is scored.

    `scenario` is `category/subcategory`, `persona` says who asks, `labels` are what else a dataset
    is balanced and looked at by, such as `{"form": "repair"}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    kind: Literal["skill", "persona", "procedural", "import"]
    generator: str = ""
    suite: str | None = None
    seed: int | None = None
    primary_skill: str | None = None
    supporting_skills: tuple[str, ...] = ()
    prompt_style: Literal["brief", "spec"] | None = None
    difficulty: Annotated[int, Field(ge=1, le=5)] | None = None
    scenario: str | None = None
    benchmark_category: str | None = None
    persona: str | None = None
    labels: Annotated[dict[str, str], Field(exclude_if=lambda labels: not labels)] = {}
    code_weight: Annotated[float, Field(ge=0, le=1)] = 0.7
    rubric_weight: Annotated[float, Field(ge=0, le=1)] = 0.3
    code_floor: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _can_be_scored(self) -> Self:
        if self.code_weight + self.rubric_weight == 0:
            raise ValueError("code_weight and rubric_weight cannot both be 0: nothing would count")
        return self


class Metadata(_Section):
    """`[metadata]`: free for everybody."""

    clawgym: ClawGymMetadata | None = None


class TaskName(_Section):
    """`[task]`."""

    name: str
    version: str = "1.0.0"
    keywords: tuple[str, ...] = ()


class AgentSection(_Section):
    """`[agent]`: the time an agent gets, in seconds."""

    timeout_sec: float = 600.0


class VerifierSection(_Section):
    """`[verifier]`: the time a verifier gets, in seconds; it runs in an environment of its own."""

    timeout_sec: float = 60.0
    environment_mode: Literal["shared", "separate"] = "separate"


class EnvironmentSection(_Section):
    """`[environment]`."""

    network_mode: Literal["no-network", "public", "allowlist"] = "no-network"
    workdir: str | None = "/workspace"
    skills_dir: str | None = None


class TaskConfig(_Section):
    """The whole of `task.toml`."""

    schema_version: str = "1.4"
    task: TaskName
    metadata: Metadata = Metadata()
    agent: AgentSection = AgentSection()
    verifier: VerifierSection = VerifierSection()
    environment: EnvironmentSection = EnvironmentSection()


@dataclass(frozen=True)
class Task:
    """One task, whole and in memory. `load(dump(task)) == task`."""

    id: str
    instruction: str
    config: TaskConfig
    workspace: Files = field(default_factory=Files)
    skills: Files = field(default_factory=Files)
    tests: Files = field(default_factory=Files)
    solution: Files = field(default_factory=Files)
    graph: TaskGraph | None = None
    other: Files = field(default_factory=Files)

    @property
    def clawgym(self) -> ClawGymMetadata:
        """Our metadata; the defaults of an imported task where it has none."""
        return self.config.metadata.clawgym or ClawGymMetadata(kind="import")

    @property
    def site(self) -> Files:
        """The pages that are served inside the box while the task is worked on, by their path."""
        pages = {p.removeprefix(_SITE): f for p, f in self.other.items() if p.startswith(_SITE)}
        return Files(pages)

    @property
    def digest(self) -> str:
        """A SHA-256 over every file that `dump` writes."""
        return self.files().digest

    def files(self) -> Files:
        """The task directory as files."""
        parts = {
            "environment/workspace": self.workspace,
            "environment/skills": self.skills,
            "tests": self.tests,
            "solution": self.solution,
        }
        entries: dict[str, File | bytes | str] = {
            f"{folder}/{path}": file
            for folder, files in parts.items()
            for path, file in files.items()
        }
        foreign = self.config.metadata.clawgym is None
        settings = self.config.model_dump(exclude_none=True, exclude_unset=foreign)
        entries["task.toml"] = tomli_w.dumps(settings)
        if self.instruction or not self._has_steps:
            entries["instruction.md"] = self.instruction
        if not any(path in self.other for path in _ENVIRONMENTS) and not self._has_image:
            entries |= _environment(with_site=bool(self.site))
        entries |= self.other
        if self.graph:
            entries["graph.json"] = self.graph.model_dump_json(indent=1) + "\n"
        return Files(entries)

    @property
    def _has_steps(self) -> bool:
        """Whether it is one of Harbor's tasks in several steps, each with its own instruction."""
        return any(path.startswith("steps/") for path in self.other)

    @property
    def _has_image(self) -> bool:
        """Whether it runs in a ready-made image, so that no Dockerfile of ours is wanted."""
        return "docker_image" in (self.config.environment.model_extra or {})

    def dump(self, directory: Path) -> None:
        """Write the task directory; it must not exist yet."""
        directory.mkdir(parents=True)
        self.files().write_to(directory)

    @classmethod
    def load(cls, directory: Path) -> "Task":
        """Read a task directory; its id is the directory's name.

        Raises:
            TaskFormatError: a required file is missing or malformed, with the file and the reason.
        """
        graph_file, instruction = directory / "graph.json", directory / "instruction.md"
        in_steps = (directory / "steps").is_dir() and not instruction.exists()
        return cls(
            id=Path(os.path.abspath(directory)).name,
            instruction="" if in_steps else _read_text(instruction),
            config=_read_config(directory / "task.toml"),
            workspace=Files.read_from(directory / "environment" / "workspace"),
            skills=Files.read_from(directory / "environment" / "skills"),
            tests=Files.read_from(directory / "tests"),
            solution=Files.read_from(directory / "solution"),
            graph=_read_graph(graph_file) if graph_file.exists() else None,
            other=_read_other(directory),
        )


def _read_other(directory: Path) -> Files:
    """Every file that no field of `Task` holds."""
    skip = {"task.toml", "instruction.md", "graph.json", *_FOLDERS}
    other = Files.read_from(directory, skip=lambda path: path in skip or _is_clutter(path))
    dockerfile = other.get("environment/Dockerfile")
    if dockerfile is None or not dockerfile.data.startswith(_DOCKERFILE.encode()):
        return other
    ours = _environment(with_site=any(path.startswith(_SITE) for path in other))
    if dockerfile.data != ours["environment/Dockerfile"]:
        return other
    return Files({path: file for path, file in other.items() if file.data != ours.get(path)})


def _environment(*, with_site: bool) -> dict[str, bytes]:
    """What we add to a task directory so that other harnesses can build its environment."""
    if not with_site:
        return {"environment/Dockerfile": _DOCKERFILE.encode()}
    return {
        "environment/Dockerfile": _SITE_DOCKERFILE.encode(),
        _SITE_SERVER: files("clawgym.sandbox").joinpath("site_server.py").read_bytes(),
    }


def _is_clutter(path: str) -> bool:
    """What file managers, editors and interpreters leave lying about."""
    return path.rpartition("/")[2] in (".DS_Store", ".git", "__pycache__")


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError as error:
        raise TaskFormatError(f"{path} is missing; a task directory must hold it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TaskFormatError(f"{path} cannot be read as UTF-8 text: {error}") from error


def _read_config(path: Path) -> TaskConfig:
    try:
        return TaskConfig.model_validate(tomllib.loads(_read_text(path)))
    except tomllib.TOMLDecodeError as error:
        raise TaskFormatError(f"{path} is not a valid task.toml: {error}") from error
    except ValidationError as error:
        raise TaskFormatError(f"{path} is not a valid task.toml: {explain(error)}") from error


def _read_graph(path: Path) -> TaskGraph:
    try:
        return TaskGraph.model_validate_json(_read_text(path))
    except ValidationError as error:
        raise TaskFormatError(f"{path} is not a valid task graph: {explain(error)}") from error
