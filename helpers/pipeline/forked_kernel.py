"""Forked kernel: an IPython kernel forked from a process with all libraries loaded, in place of a new interpreter."""

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

# Of what NumPy computes with: matrices are small, and more threads only wait for each other.
ONE_ALGEBRA_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

IS_SUPPORTED = sys.platform == "linux"  # forking a process with graphics libraries loaded is unsafe elsewhere


class KernelProcess:
    """A forked kernel as its provisioner sees it: the part of ``subprocess.Popen`` that is used.

    Parameters
    ----------
    environment : mapping of str to str
        Of the kernel; ``PWD`` is where it starts, ``OMP_NUM_THREADS`` its number of threads.
    """

    stdin = stdout = stderr = None

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._line, theirs = multiprocessing.Pipe()
        self._exit_code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            self._line.close()
            _be_kernel(theirs, environment)
        theirs.close()
        self._line.recv()  # it leads a session of its own from here on

    def launch(self, arguments: list[str]) -> None:
        """Let the kernel begin, with the arguments of ``ipykernel_launcher``."""
        self._line.send(arguments)
        self._line.close()

    def poll(self) -> int | None:
        """Return the exit code, None while it lives."""
        return self._reaped(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for its end; return the exit code."""
        return self._reaped(0)

    def _reaped(self, options: int) -> int | None:
        if self._exit_code is None:
            pid, status = os.waitpid(self.pid, options)
            self._exit_code = os.waitstatus_to_exitcode(status) if pid else None
        return self._exit_code

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class ForkedProvisioner(LocalProvisioner):
    """Gives a kernel manager a kernel that has been forked already.

    Parameters
    ----------
    forked : KernelProcess
        Waits for its arguments.
    **traits
        Of every provisioner: the kernel's specification, and its manager as ``parent``.
    """

    def __init__(self, forked: KernelProcess, **traits: Any) -> None:
        super().__init__(**traits)
        self._forked = forked

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Let the forked kernel begin with the connection file and options that the command names."""
        self._forked.launch(cmd[cmd.index("-f"):])
        self.process, self.pid, self.pgid = self._forked, self._forked.pid, self._forked.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info


def _be_kernel(line: Connection, environment: Mapping[str, str]) -> NoReturn:
    """Be a kernel, in a session of its own, once told with which arguments; end if nobody asks for one."""
    try:
        os.setsid()
        os.chdir(environment["PWD"])
        os.environ["JPY_PARENT_PID"] = str(os.getppid())  # it ends with the worker, however that goes
        line.send("ready")
        _serve_kernel(line.recv(), int(environment["OMP_NUM_THREADS"]))
    except EOFError:
        os._exit(0)
    except BaseException:
        traceback.print_exc()  # into the worker's log
        os._exit(1)
    os._exit(0)  # what the worker wants done at its own end is not the kernel's to do


def _serve_kernel(arguments: list[str], n_threads: int) -> None:
    from ipykernel.kernelapp import IPKernelApp
    from threadpoolctl import threadpool_limits

    threadpool_limits({"openmp": n_threads, "blas": 1})  # libraries that are loaded no longer read the environment
    sys.argv = ["ipykernel_launcher", *arguments]
    sys.path[:] = [place for place in sys.path if place]
    IPKernelApp.launch_instance(argv=arguments)
