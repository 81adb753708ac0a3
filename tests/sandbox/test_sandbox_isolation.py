"""What a program in a sandbox can see and do, as it finds out itself."""

import json
import os
import socket
from pathlib import Path

import pytest

from ide_server.host.sandbox import Mount, Sandboxes
from ide_server.host.sandbox.identity import own_identity
from ide_server.host.sandbox.neighbours import FIB_TRIE, own_networks
from tests.support.sandboxes import ENVIRONMENT, run, run_python, spec

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]

SYSTEM_CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
result = libc.syscall({call})
print(os.strerror(ctypes.get_errno()) if result < 0 else "allowed")
"""


async def test_only_the_named_environment_variables_are_there(
    sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "secret")
    ran = await run(sandboxes, spec("/usr/bin/env"))
    assert dict(line.split("=", 1) for line in ran.output.splitlines()) == ENVIRONMENT


async def test_it_has_no_capability_and_cannot_get_one(sandboxes: Sandboxes) -> None:
    ran = await run(sandboxes, spec("grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"))
    assert dict(line.split(":\t") for line in ran.output.splitlines()) == {
        **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16),
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }


async def test_its_user_0_is_nobody_of_the_host(sandboxes: Sandboxes, model: Path) -> None:
    ran = await run(sandboxes, spec("sh", "-c", "id -u; echo hello >/model/file", mounts=writable(model)))
    assert ran.output == "0\n"
    assert os.stat(model / "file").st_uid == os.stat(model).st_uid != 0


async def test_its_programs_take_no_kernel_keys_of_which_a_user_has_few(sandboxes: Sandboxes) -> None:
    before = kernel_keys(own_identity().users[0].outside)
    sandbox = await sandboxes.start(spec("sleep", "1000"), name="test")
    await sandbox.start_program(("sleep", "1000"))
    assert kernel_keys(own_identity().users[0].outside) <= before
    await sandbox.stop()


def kernel_keys(user: int) -> int:
    """How many count as this user's, see proc_key-users(5)."""
    lines = [line.split() for line in Path("/proc/key-users").read_text().splitlines()]
    return next((int(keys.partition("/")[0]) for uid, _, _, keys, _ in lines if uid == f"{user}:"), 0)


async def test_only_its_own_processes_are_there(sandboxes: Sandboxes) -> None:
    ran = await run(sandboxes, spec("sh", "-c", "cat /proc/[0-9]*/comm"))
    assert sorted(ran.output.split()) == ["sh", "sleep", "tini"]


async def test_only_the_given_descriptors_are_open(sandboxes: Sandboxes) -> None:
    ran = await run_python(sandboxes, "import os; print(os.listdir('/proc/self/fd')[:-1])")
    assert ran.output == "['0', '1', '2']\n"


async def test_of_the_hosts_files_only_system_ones_are_there(sandboxes: Sandboxes) -> None:
    folders = ("/", "/var", "/run", "/opt", "/tmp", "/sys/devices/system")
    program = f"import os, json; print(json.dumps({{each: sorted(os.listdir(each)) for each in {folders}}}))"
    found = json.loads((await run_python(sandboxes, program)).output)
    root = " ".join(name for name in found.pop("/") if name not in ("lib32", "lib64", "libx32"))
    assert root == "bin dev etc lib opt proc run sbin sys tmp usr var"
    assert found == {
        "/var": ["run", "tmp"],
        "/run": [],
        "/opt": [],
        "/tmp": [],
        "/sys/devices/system": ["cpu", "node"],
    }


async def test_another_models_files_are_not_there(sandboxes: Sandboxes, model: Path) -> None:
    other = model.with_name("other")
    other.mkdir()
    (other / "secret").write_text("secret")
    ran = await run(sandboxes, spec("sh", "-c", f"cat {other}/secret; ls /model/..", mounts=writable(model)))
    assert "secret: No such file" in ran.output
    assert "other" not in ran.output.split("\n")


@pytest.mark.parametrize(
    "script",
    [
        "echo x >/usr/x",
        "echo x >/x",
        "echo x >/etc/passwd",
        "echo x >/proc/sys/kernel/hostname",
        "echo b >/proc/sysrq-trigger",
        "cat /etc/shadow",
        "cat /proc/kcore | head -c 1 | grep .",
        "mknod /tmp/disk b 8 0",
        "chroot / true",
        "mount -t tmpfs none /tmp",
        "umount /usr",
        "unshare --user true",
        "unshare --mount true",
        "hostname changed",
        "nice -n -5 true 2>&1 | grep -v denied",
        "dmesg",
        "ls /dev/fuse",
        "cat /sys/class/net/eth0/address",
        "cat /proc/1/environ /proc/1/root/etc/shadow",
    ],
)
async def test_it_is_refused(sandboxes: Sandboxes, script: str) -> None:
    ran = await run(sandboxes, spec("sh", "-c", script))
    assert ran.exit.code not in (0, None), ran


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("165, b'none', b'/tmp', b'tmpfs', 0, 0", "Operation not permitted"),  # mount
        ("272, 0x10000000", "Operation not permitted"),  # unshare(CLONE_NEWUSER)
        ("56, 0x10000011, 0, 0, 0, 0", "Operation not permitted"),  # clone(CLONE_NEWUSER | SIGCHLD)
        ("435, 0, 0", "Function not implemented"),  # clone3
        ("321, 0, 0, 0", "Operation not permitted"),  # bpf
        ("250, 0, -3, 0", "Operation not permitted"),  # keyctl
        ("248, b'user', b'x', b'y', 1, -3", "Operation not permitted"),  # add_key
        ("425, 1, 0", "Operation not permitted"),  # io_uring_setup
        ("323, 0", "Operation not permitted"),  # userfaultfd
        ("246, 0, 0, 0, 0", "Operation not permitted"),  # kexec_load
        ("298, 0, 0, -1, -1, 0", "Operation not permitted"),  # perf_event_open
        ("41, 40, 1, 0", "Operation not permitted"),  # socket(AF_VSOCK)
        ("41, 38, 5, 0", "Operation not permitted"),  # socket(AF_ALG)
        ("41, 2, 1, 0", "allowed"),  # socket(AF_INET)
        ("101, 0, 0, 0, 0", "allowed"),  # ptrace(PTRACE_TRACEME)
    ],
)  # fmt: skip
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of system calls are those of x86_64")
async def test_a_system_call_is_answered(sandboxes: Sandboxes, call: str, answer: str) -> None:
    ran = await run_python(sandboxes, SYSTEM_CALL.format(call=call))
    assert ran.output == f"{answer}\n"


@pytest.mark.parametrize("network", [True, False])
async def test_the_hosts_loopback_is_out_of_reach(sandboxes: Sandboxes, network: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        program = f"""
import socket
for address in "127.0.0.1", "10.0.2.2":
    try:
        socket.create_connection((address, {server.getsockname()[1]}), timeout=1)
        print("connected to", address)
    except OSError:
        pass
"""
        ran = await run_python(sandboxes, program, network=network)
        assert (ran.exit.code, ran.output) == (0, "")
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_the_machine_is_out_of_reach_by_its_own_addresses_too(sandboxes: Sandboxes) -> None:
    own = own_networks(FIB_TRIE.read_text())
    targets = [str(each.network_address) for each in own if each.prefixlen == 32 and not each.is_loopback]
    if not targets:
        pytest.skip("this machine has no address but its loopback's")
    with socket.create_server(("0.0.0.0", 0)) as server:
        server.setblocking(False)
        program = f"""
import errno, socket
for address in {[*targets, "169.254.169.254"]}:
    try:
        socket.create_connection((address, {server.getsockname()[1]}), timeout=2)
    except OSError as error:
        print(address, errno.errorcode.get(error.errno))
"""
        ran = await run_python(sandboxes, program, network=True)
        assert ran.output.splitlines() == [f"{address} EHOSTUNREACH" for address in (*targets, "169.254.169.254")]
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_with_a_network_there_is_one_interface_of_its_own(sandboxes: Sandboxes) -> None:
    names = "import socket; print([name for _, name in socket.if_nameindex()])"
    assert (await run_python(sandboxes, names, network=True)).output == "['lo', 'tap0']\n"
    assert (await run_python(sandboxes, names, network=False)).output == "['lo']\n"


async def test_mounts_are_read_only_unless_writable(sandboxes: Sandboxes, model: Path) -> None:
    read_only = await run(sandboxes, spec("sh", "-c", "echo x >/model/x", mounts=(Mount(model, "/model"),)))
    assert "Read-only file system" in read_only.output
    allowed = await run(sandboxes, spec("sh", "-c", "echo x >/model/x", mounts=writable(model)))
    assert allowed.exit.code == 0
    assert (model / "x").read_text() == "x\n"


def writable(model: Path) -> tuple[Mount, ...]:
    return (Mount(model, "/model", writable=True),)
