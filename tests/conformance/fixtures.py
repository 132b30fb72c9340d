"""What the official conformance suite expects a server to have, added to a server of ours.

The suite calls tools, prompts and resources by agreed names; each fixture here is one of those.
They come after the server's own, and its own handlers answer everything else.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp.shared.message import ServerMessageMetadata
from mcp.types import MISSING_REQUIRED_CLIENT_CAPABILITY

from mcp_servers.changes import Changes
from mcp_servers.server import Context, invalid_params

Json = dict[str, Any]
Call = Callable[[Context, Any], Awaitable[Any]]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
_KEY = b"the key of the conformance fixtures"


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def image() -> Json:
    return {"type": "image", "data": PNG, "mimeType": "image/png"}


def embedded(uri: str, kind: str, said: str) -> Json:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": said}}


def answer(*content: Json, error: bool = False) -> Json:
    return {"resultType": "complete", "content": list(content), "isError": error}


def always(*content: Json, error: bool = False) -> Call:
    async def call(_context: Context, _params: Any) -> Json:
        return answer(*content, error=error)

    return call


def form(message: str, **properties: Json) -> Json:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "method": "elicitation/create",
        "params": {"mode": "form", "message": message, "requestedSchema": schema},
    }


def sampling(prompt: str, tokens: int = 100) -> Json:
    message = {"role": "user", "content": text(prompt)}
    params = {"messages": [message], "maxTokens": tokens}
    return {"method": "sampling/createMessage", "params": params}


ROOTS: Json = {"method": "roots/list", "params": {}}
TEXT: Json = {"type": "string"}


# Tools of the handshake era, which ask the client in the middle of a call.


async def with_logging(context: Context, _params: Any) -> Json:
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message("info", said, related_request_id=context.request_id)
        await anyio.sleep(0.05)
    return answer(text("logged three times"))


async def with_progress(context: Context, _params: Any) -> Json:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100)
        await anyio.sleep(0.05)
    return answer(text("progress was reported"))


async def stream_then_ask(context: Context, _params: Any) -> Json:
    await context.session.report_progress(1, 2)
    return needed({"user_name": form("What is your name?", name=TEXT)})


async def ask_model(context: Context, params: Any) -> Json:
    result = await _ask(context, sampling(params.arguments["prompt"]), types.CreateMessageResult)
    return answer(text(f"LLM response: {result.content.text}"))


def ask_person(message: str, properties: Json) -> Call:
    async def call(context: Context, params: Any) -> Json:
        request = form((params.arguments or {}).get("message", message), **properties)
        result = await _ask(context, request, types.ElicitResult)
        content = json.dumps(result.content)
        return answer(text(f"Elicitation completed: action={result.action}, content={content}"))

    return call


async def _ask(context: Context, request: Json, result: type[Any]) -> Any:
    kinds: dict[str, type[Any]] = {
        "sampling/createMessage": types.CreateMessageRequest,
        "elicitation/create": types.ElicitRequest,
    }
    return await context.session.send_request(
        kinds[request["method"]].model_validate(request),
        result,
        metadata=ServerMessageMetadata(related_request_id=context.request_id),
    )


# Tools of 2026-07-28, which answer with what they still need.


def asking(requests: dict[str, Json], done: Callable[[Json], str], state: bool = False) -> Call:
    """Ask until every request has an answer of the right shape; then say `done`."""

    async def call(context: Context, params: Any) -> Json:
        responses = _responses(context)
        if state and responses:
            _check_state(context)
        missing = {
            key: request
            for key, request in requests.items()
            if not _fits(request, responses.get(key))
        }
        if missing:
            return needed(missing, _seal("waiting") if state else None)
        return answer(text(done(responses)))

    return call


def needed(requests: dict[str, Json], state: str | None = None) -> Json:
    sealed = {"requestState": state} if state else {}
    return {"resultType": "input_required", "inputRequests": requests, **sealed}


async def several_rounds(context: Context, _params: Any) -> Json:
    responses = _responses(context)
    first = {"step1": form("Step 1: What is your name?", name=TEXT)}
    second = {"step2": form("Step 2: What is your favorite color?", color=TEXT)}
    if not responses:
        return needed(first, _seal("1"))
    step = _check_state(context)
    if step == "1" and "step1" in responses:
        return needed(second, _seal("2"))
    if step == "2" and "step2" in responses:
        return answer(text("all steps are done"))
    return needed(first, _seal("1"))


async def what_the_client_can(context: Context, _params: Any) -> Json:
    able = context.session.client_capabilities
    requests = {
        **({"person": form("Who are you?", name=TEXT)} if able and able.elicitation else {}),
        **({"model": sampling("Say hello")} if able and able.sampling else {}),
        **({"roots": ROOTS} if able and able.roots else {}),
    }
    responses = _responses(context)
    missing = {key: request for key, request in requests.items() if key not in responses}
    return needed(missing) if missing else answer(text("the client told all that it can"))


async def needs_sampling(context: Context, _params: Any) -> Json:
    able = context.session.client_capabilities
    if able is None or able.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "this tool needs sampling",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return answer(text("the client can sample"))


async def reconnect(context: Context, _params: Any) -> Json:
    if context.close_sse_stream:
        await context.close_sse_stream()
    await anyio.sleep(0.2)
    return answer(text("Reconnection test completed"))


def _responses(context: Context) -> Json:
    responses = (context.params or {}).get("inputResponses")
    return dict(responses) if isinstance(responses, dict) else {}


def _fits(request: Json, response: object) -> bool:
    if not isinstance(response, dict):
        return False
    if request["method"] == "elicitation/create":
        content = response.get("content")
        wanted = request["params"]["requestedSchema"]["required"]
        return isinstance(content, dict) and set(wanted) <= content.keys()
    return "roots" in response if request == ROOTS else "content" in response


def _seal(state: str) -> str:
    return f"{state}.{hmac.new(_KEY, state.encode(), hashlib.sha256).hexdigest()}"


def _check_state(context: Context) -> str:
    sealed = str((context.params or {}).get("requestState", ""))
    state = sealed.partition(".")[0]
    if not hmac.compare_digest(sealed.encode(), _seal(state).encode()):
        raise invalid_params("the request state is not one that this server gave out")
    return state


CHOICES: Json = {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {
        "type": "string",
        "oneOf": [
            {"const": f"value{n}", "title": title}
            for n, title in enumerate(("First Option", "Second Option", "Third Option"), 1)
        ],
    },
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {
        "type": "array",
        "items": {"type": "string", "enum": ["option1", "option2", "option3"]},
    },
    "titledMulti": {
        "type": "array",
        "items": {
            "anyOf": [
                {"const": f"value{n}", "title": title}
                for n, title in enumerate(("First Choice", "Second Choice", "Third Choice"), 1)
            ]
        },
    },
}
DEFAULTS: Json = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {
        "type": "string",
        "enum": ["active", "inactive", "pending"],
        "default": "active",
    },
    "verified": {"type": "boolean", "default": True},
}
SCHEMA_2020: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": TEXT, "city": TEXT},
        }
    },
    "properties": {
        "name": TEXT,
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": TEXT,
        "email": TEXT,
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
EMPTY: Json = {"type": "object", "properties": {}, "additionalProperties": False}


def one(name: str, **more: Json) -> Json:
    properties = {name: TEXT, **more}
    return {**EMPTY, "properties": properties, "required": [name]}


def tools(changes: Changes) -> dict[str, tuple[Json, Call]]:
    """Every tool of the suite: its input schema, and what it does."""

    def trigger(event: ToolsListChanged | PromptsListChanged) -> Call:
        async def call(_context: Context, _params: Any) -> Json:
            await changes.announce(event)
            return answer(text("the list has changed"))

        return call

    header = {"type": "string", "x-mcp-header": "Region"}
    asked_name = {"user_name": form("What is your name?", name=TEXT)}
    confirm = {"confirm": form("Please confirm", ok={"type": "boolean"})}
    mixed = embedded(
        "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
    )
    several = {**asked_name, "greeting": sampling("Generate a greeting", 50), "client_roots": ROOTS}
    question = {"capital_question": sampling("What is the capital of France?")}
    person = {"username": TEXT, "email": TEXT}
    return {
        "test_simple_text": (EMPTY, always(text("This is a simple text response for testing."))),
        "test_image_content": (EMPTY, always(image())),
        "test_audio_content": (
            EMPTY,
            always({"type": "audio", "data": WAV, "mimeType": "audio/wav"}),
        ),
        "test_embedded_resource": (
            EMPTY,
            always(
                embedded(
                    "test://embedded-resource",
                    "text/plain",
                    "This is an embedded resource content.",
                )
            ),
        ),
        "test_multiple_content_types": (
            EMPTY,
            always(text("Multiple content types test:"), image(), mixed),
        ),
        "test_error_handling": (
            EMPTY,
            always(text("This tool intentionally returns an error for testing"), error=True),
        ),
        "test_tool_with_logging": (EMPTY, with_logging),
        "test_logging_tool": (EMPTY, with_logging),
        "test_streaming_elicitation": (EMPTY, stream_then_ask),
        "test_tool_with_progress": (EMPTY, with_progress),
        "test_sampling": (one("prompt"), ask_model),
        "test_elicitation": (one("message"), ask_person("", person)),
        "test_elicitation_sep1034_defaults": (EMPTY, ask_person("Who are you?", DEFAULTS)),
        "test_elicitation_sep1330_enums": (EMPTY, ask_person("Choose.", CHOICES)),
        "json_schema_2020_12_tool": (SCHEMA_2020, always(text("valid"))),
        "test_reconnection": (EMPTY, reconnect),
        "test_missing_capability": (EMPTY, needs_sampling),
        "test_custom_headers": (
            {**EMPTY, "properties": {"region": header, "query": TEXT}},
            always(text("headers are right")),
        ),
        "test_trigger_tool_change": (EMPTY, trigger(ToolsListChanged())),
        "test_trigger_prompt_change": (EMPTY, trigger(PromptsListChanged())),
        "test_input_required_result_elicitation": (
            EMPTY,
            asking(asked_name, lambda said: f"Hello, {said['user_name']['content']['name']}!"),
        ),
        "test_input_required_result_sampling": (EMPTY, asking(question, json.dumps)),
        "test_input_required_result_list_roots": (
            EMPTY,
            asking({"client_roots": ROOTS}, json.dumps),
        ),
        "test_input_required_result_request_state": (
            EMPTY,
            asking(confirm, lambda _: "state-ok", state=True),
        ),
        "test_input_required_result_multiple_inputs": (
            EMPTY,
            asking(several, json.dumps, state=True),
        ),
        "test_input_required_result_multi_round": (EMPTY, several_rounds),
        "test_input_required_result_tampered_state": (
            EMPTY,
            asking(confirm, lambda _: "state-ok", state=True),
        ),
        "test_input_required_result_capabilities": (EMPTY, what_the_client_can),
    }


async def _prompt(context: Context, params: Any) -> Json | None:
    given = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            said = [text("This is a simple prompt for testing.")]
        case "test_prompt_with_arguments":
            said = [text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
        case "test_prompt_with_embedded_resource":
            said = [
                embedded(
                    given["resourceUri"], "text/plain", "Embedded resource content for testing."
                ),
                text("Please process the embedded resource above."),
            ]
        case "test_prompt_with_image":
            said = [image(), text("Please analyze the image above.")]
        case "test_input_required_result_prompt":
            request = form("What context should the prompt use?", context=TEXT)
            response = _responses(context).get("user_context")
            if not _fits(request, response):
                return needed({"user_context": request})
            said = [text(json.dumps(response))]
        case _:
            return None
    messages = [{"role": "user", "content": content} for content in said]
    return {"resultType": "complete", "messages": messages}


PROMPTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}
RESOURCES: dict[str, Json] = {
    "test://static-text": {
        "mimeType": "text/plain",
        "text": "This is the content of the static text resource.",
    },
    "test://static-binary": {"mimeType": "image/png", "blob": PNG},
    "test://watched-resource": {"mimeType": "text/plain", "text": "Watched resource content."},
}


def _resource(uri: str) -> Json | None:
    if uri in RESOURCES:
        return {"uri": uri, **RESOURCES[uri]}
    if uri.startswith("test://template/") and uri.endswith("/data"):
        number = uri.removeprefix("test://template/").removesuffix("/data")
        data = {"id": number, "templateTest": True, "data": f"Data for ID: {number}"}
        return {"uri": uri, "mimeType": "application/json", "text": json.dumps(data)}
    return None


def add_fixtures(server: Server[Any]) -> None:
    """Add every fixture to a server that already has tools, prompts and resources."""
    changes = Changes(server)
    known = tools(changes)

    async def call_tool(context: Context, params: Any) -> Any:
        if params.name not in known:
            return None
        try:
            return await known[params.name][1](context, params)
        except NoBackChannelError as error:  # the client's era has no requests by servers
            return answer(text(f"{type(error).__name__}: {error}"), error=True)

    async def read(_context: Context, params: Any) -> Any:
        found = _resource(params.uri)
        return {"resultType": "complete", "contents": [found]} if found else None

    async def nothing(_context: Context, _params: Any) -> Json:
        return {}

    _first(server, "tools/call", call_tool)
    _first(server, "prompts/get", _prompt)
    _first(server, "resources/read", read)
    for method, entries in {
        "tools/list": _tool_entries(known),
        "prompts/list": _prompt_entries(),
        "resources/list": [{"uri": uri, "name": uri} for uri in RESOURCES],
        "resources/templates/list": [
            {"uriTemplate": "test://template/{id}/data", "name": "template"}
        ],
    }.items():
        _append(server, method, entries)
    server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, nothing)
    server.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, nothing)
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, nothing)


def _tool_entries(known: dict[str, tuple[Json, Call]]) -> list[Json]:
    return [
        {"name": name, "description": f"Fixture {name}.", "inputSchema": schema}
        for name, (schema, _) in known.items()
    ]


def _prompt_entries() -> list[Json]:
    return [
        {
            "name": name,
            "description": f"Fixture {name}.",
            "arguments": [{"name": argument, "required": True} for argument in arguments],
        }
        for name, arguments in PROMPTS.items()
    ]


def _first(server: Server[Any], method: str, answer_ours: Call) -> None:
    """Let a fixture answer; what it does not know is the server's own."""
    own = server.get_request_handler(method)
    assert own

    async def either(context: Context, params: Any) -> Any:
        ours = await answer_ours(context, params)
        return await own.handler(context, params) if ours is None else ours

    server.add_request_handler(method, own.params_type, either)


def _append(server: Server[Any], method: str, entries: list[Json]) -> None:
    """Add entries to the last page of a list."""
    own = server.get_request_handler(method)
    assert own

    async def both(context: Context, params: Any) -> Any:
        result = await own.handler(context, params)
        if not isinstance(result, dict):
            result = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        (key,) = (key for key, value in result.items() if isinstance(value, list))
        more = [] if result.get("nextCursor") else entries
        return {**result, "resultType": "complete", key: [*result[key], *more]}

    server.add_request_handler(method, own.params_type, both)
