"""The options that every command takes which runs an agent, said once.

A command takes them as one parameter, `flags: Flags`, and is decorated with `takes_flags`.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graph_agents.options import AgentOptions

Command = Callable[..., None]


@dataclass(frozen=True)
class Flags:
    """What the user said; None where nothing was."""

    model: Annotated[
        str | None, typer.Option(help="Model id, or 'offline' for the rule-based stand-in.")
    ] = None
    base_url: Annotated[
        str | None, typer.Option(help="Base URL of an OpenAI-compatible endpoint.")
    ] = None
    api_key_env: Annotated[
        str | None, typer.Option(help="Name of the variable that holds the API key.")
    ] = None
    fallback_model: Annotated[
        list[str] | None,
        typer.Option(help="Model to ask when the others failed; may be given again."),
    ] = None
    retries: Annotated[
        int, typer.Option(min=0, help="How often a model that failed is asked again.")
    ] = 3
    context_window: Annotated[
        int | None,
        typer.Option(
            min=2000,
            help="The model's context in tokens, to summarise in time; default: what the endpoint "
            "says.",
        ),
    ] = None
    skills: Annotated[
        str | None,
        typer.Option(
            help="Names, comma-separated, 'none', 'catalogue', 'openclaw', or a folder; default: "
            "all bundled."
        ),
    ] = None
    pin: Annotated[
        list[str] | None,
        typer.Option(metavar="SKILL", help="A skill to offer always; may be given again."),
    ] = None
    mcp_config: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="JSON file of MCP servers whose tools are offered."
        ),
    ] = None
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock, or local (isolates nothing).")
    ] = None
    policy: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="What is allowed, asked about or denied: trusting, careful, read-only, or a file.",
        ),
    ] = "trusting"
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOOL[:PATTERN]",
            help="Allow without asking, as 'write:docs/*' or 'exec:make *'; may be given again.",
        ),
    ] = None
    deny: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOOL[:PATTERN]", help="Never allow, as 'exec:git push*'; may be given again."
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Work on a private copy, and show at the end what would change."
        ),
    ] = False
    no_undo: Annotated[
        bool, typer.Option("--no-undo", help="Do not keep the workspace before each turn.")
    ] = False
    max_turns: Annotated[
        int, typer.Option(min=1, help="The most replies of the model to one message.")
    ] = 50
    max_tool_calls: Annotated[
        int, typer.Option(min=0, help="The most tool calls for one message.")
    ] = 200
    max_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="The longest that one message may take.")
    ] = None
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The most tokens of a session.")] = (
        None
    )
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="The most US dollars of a session; needs --price.")
    ] = None
    price: Annotated[
        str | None,
        typer.Option(
            metavar="IN/OUT", help="US dollars for a million prompt and completion tokens."
        ),
    ] = None
    state: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="The journal of sessions; default: the user's."),
    ] = None

    def options(self, workspace: Path) -> "AgentOptions":
        """The same for the program, together with the settings.

        Raises:
            UsageError: the options do not go together.
        """
        from clawgym.settings import load
        from graph_agents.control.spending import Allowance
        from graph_agents.options import AgentOptions, Prices
        from graph_agents.state import AgentLimits

        named = ("model", "base_url", "api_key_env", "sandbox")
        return AgentOptions(
            workspace=workspace,
            settings=load({name: getattr(self, name) for name in named}).settings,
            skills=self.skills,
            pinned=tuple(self.pin or ()),
            policy=self.policy,
            allow=tuple(self.allow or ()),
            deny=tuple(self.deny or ()),
            dry_run=self.dry_run,
            undo=not self.no_undo,
            limits=AgentLimits(self.max_turns, self.max_tool_calls, self.max_seconds),
            allowance=Allowance(tokens=self.max_tokens, money=self.max_cost),
            prices=Prices.parse(self.price) if self.price else None,
            state=self.state,
            fallback_models=tuple(self.fallback_model or ()),
            retries=self.retries,
            window=self.context_window,
            mcp_config=self.mcp_config,
        )


def takes_flags(command: Command) -> Command:
    """Give a command the options of `Flags` in the place of its parameter `flags`."""
    names = {field.name for field in fields(Flags)}

    @functools.wraps(command)
    def with_flags(**values: Any) -> None:  # noqa: ANN401 - whatever the options are
        flags = Flags(**{name: value for name, value in values.items() if name in names})
        rest = {name: value for name, value in values.items() if name not in names}
        command(flags=flags, **rest)

    own = [each for each in inspect.signature(command).parameters.values() if each.name != "flags"]
    shared = inspect.signature(Flags).parameters.values()
    both = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared)]
    with_flags.__signature__ = inspect.Signature(both)  # pyright: ignore[reportAttributeAccessIssue] - what `inspect` and Typer look for
    with_flags.__annotations__ = {each.name: each.annotation for each in both}
    return with_flags
