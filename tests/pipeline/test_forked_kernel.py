import asyncio
import os
import signal

import pytest
from jupyter_client import AsyncKernelManager

from helpers.pipeline import forked_kernel

pytestmark = pytest.mark.skipif(not forked_kernel.IS_SUPPORTED, reason="kernels are forked on Linux alone")


@pytest.fixture
def process(tmp_path):
    found = forked_kernel.KernelProcess({"PWD": str(tmp_path), "OMP_NUM_THREADS": "1"})
    yield found
    if found.poll() is None:
        found.kill()
        found.wait()


def test_a_kernel_that_waits_leads_a_session_of_its_own_and_can_be_killed(process):
    assert process.poll() is None
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    process.kill()
    assert process.wait() == -signal.SIGKILL == process.poll()


def test_a_kernel_that_nobody_asks_for_ends_by_itself(process):
    process._line.close()
    assert process.wait() == 0


def test_a_forked_kernel_answers_in_its_folder_and_ends_with_its_manager(process, tmp_path):
    async def answered():
        manager = AsyncKernelManager(kernel_name="python3", connection_file=str(tmp_path / "kernel.json"))
        manager.provisioner = forked_kernel.ForkedProvisioner(
            process, kernel_spec=manager.kernel_spec, parent=manager)
        await manager.start_kernel(cwd=str(tmp_path))
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        told = await client.execute_interactive(
            "", user_expressions={"at": "__import__('os').getcwd()", "pid": "__import__('os').getpid()"},
            allow_stdin=False, timeout=60)
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        return {name: value["data"]["text/plain"] for name, value in told["content"]["user_expressions"].items()}

    assert asyncio.run(answered()) == {"at": repr(str(tmp_path.resolve())), "pid": str(process.pid)}
    assert process.poll() == -signal.SIGKILL
