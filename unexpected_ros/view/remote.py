"""A detector's parameters and services from another process, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, ParameterEvent, ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParametersAtomically
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from std_srvs.srv import Trigger

from unexpected_core.config import build
from unexpected_ros.live.parameters import SETTINGS, nest, parameter_file
from unexpected_ros.settings import NodeSettings
from unexpected_ros.view.server import RemoteError

PATIENCE_S = 5.0
TYPES = {
    ParameterType.PARAMETER_BOOL: "bool",
    ParameterType.PARAMETER_INTEGER: "int",
    ParameterType.PARAMETER_DOUBLE: "float",
}


class DetectorRemote:
    """Talks to the detector of a name. `on_parameters(list)` hears of its live ones, at first and when they change.

    A parameter: name, description, type ('bool', 'int' or 'float'), value, and minimum and maximum of numbers.
    """

    def __init__(self, node: Node, on_parameters: Callable[[list[dict[str, Any]]], None]) -> None:
        self._node, self._on_parameters = node, on_parameters
        self._loop = asyncio.get_running_loop()
        self._detector: str | None = None
        self._live: dict[str, dict[str, Any]] = {}
        self._clients: dict[tuple[str, type], Any] = {}
        self._meeting: asyncio.Task | None = None
        node.create_subscription(ParameterEvent, "/parameter_events", self._on_event, 100)

    def meet(self, detector: str | None) -> None:
        """From now on talk to the detector of this name (again, when its process is a new one)."""
        self._detector, self._live = detector, {}
        self._on_parameters([])
        if self._meeting:
            self._meeting.cancel()
        self._meeting = asyncio.create_task(self._greet()) if detector else None

    async def _greet(self) -> None:
        while True:
            try:
                names = [name for name in await self._names() if name in SETTINGS]
                answers = await asyncio.gather(
                    self._ask(DescribeParameters, "describe_parameters", names=names),
                    self._ask(GetParameters, "get_parameters", names=names),
                )
                self._live = dict(filter(None, map(live, answers[0].descriptors, answers[1].values)))
                return self._on_parameters(list(self._live.values()))
            except RemoteError:
                await asyncio.sleep(0.5)  # it is listed, but does not answer yet

    def _on_event(self, event: ParameterEvent) -> None:
        self._loop.call_soon_threadsafe(self._take, event)

    def _take(self, event: ParameterEvent) -> None:
        if event.node == self._detector:
            self._learn({p.name: parameter_value_to_python(p.value) for p in event.changed_parameters})

    def _learn(self, values: dict[str, Any]) -> None:
        known = {name: self._live[name] | {"value": value} for name, value in values.items() if name in self._live}
        if known:
            self._live |= known
            self._on_parameters(list(self._live.values()))

    def value(self, name: str) -> Any:
        """Of a live parameter; its default while it is not known. May be asked in any thread."""
        known = self._live.get(name)
        return known["value"] if known else SETTINGS[name].default

    async def set(self, values: dict[str, Any]) -> None:
        """Set live parameters, all or none; `on_parameters` has heard of them then. Raises RemoteError."""
        parameters = [self._parameter(name, value).to_parameter_msg() for name, value in values.items()]
        answer = await self._ask(SetParametersAtomically, "set_parameters_atomically", parameters=parameters)
        if not answer.result.successful:
            raise RemoteError(answer.result.reason)
        self._learn({parameter.name: parameter_value_to_python(parameter.value) for parameter in parameters})

    def _parameter(self, name: str, value: Any) -> Parameter:
        kinds = {"bool": (bool,), "int": (int,), "float": (int, float)}
        if name not in self._live:
            raise RemoteError(f"'{name}' is not a live parameter of {self._detector}")
        known = self._live[name]
        kind = known["type"]
        if type(value) not in kinds[kind]:
            raise RemoteError(f"{name} = {value!r}: expected a {kind}")
        if kind != "bool" and not known["minimum"] <= value <= known["maximum"]:  # messages hold no number of any size
            raise RemoteError(f"{name} = {value!r:.30}: expected {known['minimum']:.10g} to {known['maximum']:.10g}")
        return Parameter(name, value=float(value) if kind == "float" else value)

    async def save_sample(self) -> str:
        """Have the last frame saved; returns where. Raises RemoteError."""
        answer = await self._ask(Trigger, "save_sample")
        if not answer.success:
            raise RemoteError(answer.message)
        return answer.message

    async def settings_file(self) -> str:
        """The text of a parameter file with every parameter as it is now. Raises RemoteError."""
        names = [name for name in await self._names() if name in SETTINGS]
        answer = await self._ask(GetParameters, "get_parameters", names=names)
        values = map(parameter_value_to_python, answer.values)
        return parameter_file(build(NodeSettings, nest(zip(names, values, strict=True))))

    async def _names(self) -> list[str]:
        return list((await self._ask(ListParameters, "list_parameters")).result.names)

    async def _ask(self, kind: type, service: str, **fields: Any) -> Any:
        """Call a service of the detector. Raises RemoteError."""
        if not self._detector:
            raise RemoteError("no detector is running; start one: ros2 run unexpected_ros detector")
        name = f"{self._detector}/{service}"
        client = self._clients.get((name, kind)) or self._node.create_client(kind, name)
        self._clients[name, kind] = client
        if not await self._ready(client):
            raise RemoteError(f"{name} is not offered: {self._detector} has ended or is starting")
        answer, future = self._loop.create_future(), client.call_async(kind.Request(**fields))
        future.add_done_callback(lambda done: self._loop.call_soon_threadsafe(_settle, answer, done))
        try:
            return await asyncio.wait_for(answer, PATIENCE_S)
        except TimeoutError:
            client.remove_pending_request(future)
            raise RemoteError(
                f"{name} did not answer within {PATIENCE_S:g} s; the detector is busy or has ended, try again"
            ) from None

    async def _ready(self, client: Any) -> bool:
        for _ in range(20):
            if client.service_is_ready():
                return True
            await asyncio.sleep(0.05)
        return False


def _settle(answer: asyncio.Future, done: Any) -> None:
    if answer.done():
        return
    error = done.exception()
    answer.set_exception(RemoteError(str(error))) if error else answer.set_result(done.result())


def live(descriptor: ParameterDescriptor, value: Any) -> tuple[str, dict[str, Any]] | None:
    """A parameter as the page shows it, None for one that it does not show: fixed at the start, or text."""
    kind = TYPES.get(value.type)
    ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
    if descriptor.read_only or kind is None or (kind != "bool" and not ranges):
        return None
    facts = {"name": descriptor.name, "description": descriptor.description, "type": kind}
    bounds = {"minimum": ranges[0].from_value, "maximum": ranges[0].to_value} if kind != "bool" else {}
    return descriptor.name, facts | bounds | {"value": parameter_value_to_python(value)}
