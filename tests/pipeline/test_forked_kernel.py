import os
import signal

import pytest

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
