"""moto's server for EC2, scaling groups, balancers, IAM, STS, logs and SSM on one port, with the fault layer around it.

moto keeps its state in plain dictionaries of this process: a restart forgets the whole cloud, and its models are
not made for threads, so every call runs under one lock. A call takes a few milliseconds.
"""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from infra.local.cloud import snapshots
from infra.local.cloud.faults import DROP, STATUS_OF, Fault, Faults
from infra.local.cloud.instance import Machine
from infra.local.cloud.snapshots import Listening

ACCOUNT = "123456789012"
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Emulator:
    """`lock` guards moto's state; the fleet takes it too when it reads or ends an instance."""

    def __init__(self, faults: Faults) -> None:
        self.lock = threading.Lock()
        self.faults = faults
        self._moto: Wsgi = DomainDispatcherApplication(create_backend_app)

    def warm_up(self, region: str) -> None:
        """Load the images and machine types now: the first call of a service would wait for them."""
        with self.lock:
            for name in ("ec2", "iam", "sts", "logs", "ssm"):
                backend = get_backend(name)[ACCOUNT]
                _ = backend["aws" if name in {"iam", "sts"} else region]

    def machines(self) -> list[Machine]:
        """Every running instance in every region, copied out."""
        with self.lock:
            balancers = [each for backend in _backends("elbv2") for each in backend.load_balancers.values()]
            running = [instance for instance in self._instances() if instance.state == "running"]
            return [snapshots.machine(instance, balancers) for instance in running]

    def listening(self) -> list[Listening]:
        """Every listener of every balancer, copied out."""
        with self.lock:
            return [each for backend in _backends("elbv2") for each in _listening(backend.region_name)]

    def terminate(self, instance_id: str, reason: str) -> bool:
        """End an instance as the cloud itself would, out of band; False if it does not run.

        A scaling group puts another in its place, at once where EC2 takes minutes.
        """
        with self.lock:
            for instance in self._instances():
                if instance.id == instance_id and instance.state == "running":
                    instance.terminate()
                    instance._reason = reason  # noqa: SLF001 - moto offers no public way to say why.
                    instance.state_reason.code = reason.partition(":")[0]
                    instance.state_reason.message = reason
                    _replace(instance)
                    return True
        return False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        fault = self.faults.take(_parameters(environ))
        if fault is None:
            return self._call(environ, start_response)
        return self._faulty(fault, environ, start_response)

    def _call(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self.lock:
            return list(self._moto(environ, start_response))

    def _faulty(
        self, fault: Fault, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        time.sleep(fault.delay_s)
        if fault.code is None:
            return self._call(environ, start_response)
        if fault.after:
            self._call(environ, lambda *_: None)
        if fault.code == DROP:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("The connection is dropped on purpose.")
        return _error(fault.code, start_response)

    def _instances(self) -> Iterator[Any]:
        for backend in _backends("ec2"):
            for reservation in backend.reservations.values():
                yield from reservation.instances


def _backends(service: str) -> list[Any]:
    """Those of the regions that were used so far."""
    find: Any = get_backend
    return list(find(service)[ACCOUNT].values())


def _listening(region: str) -> Iterator[Listening]:
    elbv2, autoscaling, ec2 = (get_backend(name)[ACCOUNT][region] for name in ("elbv2", "autoscaling", "ec2"))
    return snapshots.listening(elbv2, autoscaling, ec2)


def _replace(instance: Any) -> None:
    if getattr(instance, "autoscaling_group", None) is not None:
        for name in ("elbv2", "autoscaling"):
            backend: Any = get_backend(name)
            backend[ACCOUNT][instance.ec2_backend.region_name].notify_terminate_instances([instance.id])


def serve(app: Wsgi, host: str, port: int) -> BaseWSGIServer:
    """A threaded server, listening but not yet serving."""
    return make_server(host, port, app, threaded=True, request_handler=_QuietHandler)


class _QuietHandler(MotoRequestHandler):
    def log_request(self, *_: Any, **__: Any) -> None:
        """Terraform makes hundreds of calls; what matters of them shows in the fleet's log."""


def _parameters(environ: dict[str, Any]) -> dict[str, str]:
    """The form fields of an AWS query call. The body is put back for moto to read."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return {}
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(raw)
    return dict(parse_qsl(raw.decode("utf-8", errors="replace"), keep_blank_values=True))


def _error(code: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """EC2's error document."""
    message = f"{code} was asked for by the local fault layer."
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
        "<RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
    ).encode()
    headers = [("Content-Type", "text/xml;charset=UTF-8"), ("Content-Length", str(len(body)))]
    start_response(f"{STATUS_OF[code]} {code}", headers)
    return [body]
