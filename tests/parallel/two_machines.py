"""Two machines with a slow link between them, imitated by two network namespaces of Linux.

    python tests/parallel/two_machines.py --bandwidth 200Mbit --latency 1ms -- python script.py

runs `mpiexec -n 2 python script.py` with rank 0 on the one machine and rank 1 on the other, and prints what each
sent.

    python tests/parallel/two_machines.py --compare

trains across links of 100 Mbit/s and 1 Gbit/s, and prints what npnet's planner says of each step beside what it took.
In a test:

    with TwoMachines("200Mbit", "1ms") as machines:
        done = machines.launched(["script.py"], timeout=60)
        machines.sent()                                     # bytes that each sent since the start, by the kernel's count

Each direction of the link has the bandwidth (tc's tbf) and the latency. A latency of 0 is a pair of veth devices. With
a latency the link is a process that takes packets from one TUN device and puts them into the other later: many
kernels lack tc's netem. The ranks share no memory: MPI is told to use TCP over the link alone.

Only root may make namespaces. What was made is removed at the end, after a failure too, and by the next use if
this process was killed.
"""
import argparse
import collections
import ctypes
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ranked import MPIEXEC, ONE_THREAD, OPEN_MPI, ROOT, ended, waited

from npnet import model
from npnet.parallel.planner import units
from npnet.parallel.planner.costs import Link
from npnet.parallel.planner.predictions import predicted
from npnet.parallel.planner.rates import Rates
from npnet.parallel.planner.ways import DATA

os.environ["PATH"] += os.pathsep + os.pathsep.join(["/usr/sbin", "/sbin"])         # where Debian has ip and tc

ADDRESSES = ("10.77.0.1", "10.77.0.2")
DEVICE = "link0"                                                # the same name on both machines
TCP_ALONE = {"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": DEVICE,          # MPICH over UCX: neither shared memory nor lo
             "FI_PROVIDER": "tcp;ofi_rxm", "FI_TCP_IFACE": DEVICE,      # MPICH over libfabric
             "OMPI_MCA_btl": "tcp,self", "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl_tcp_if_include": DEVICE}
LAUNCHER = """#!/bin/sh
# in place of ssh: HOST COMMAND...
while [ "${{1#-}}" != "$1" ]; do shift; done
[ "$1" = {address} ] && machine={machines[0]} || machine={machines[1]}
shift
exec ip netns exec $machine sh -c "$*"
"""


def ip(*words):
    """What `ip words...` prints. OSError with its message where it fails."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """Why two machines cannot be imitated here, or None."""
    if sys.platform != "linux" or not shutil.which("ip") or not shutil.which("tc"):
        return "two machines need Linux with ip and tc (Debian's iproute2)"
    if not MPIEXEC:
        return "two machines need mpiexec (pip install npnet[mpi])"
    try:
        with TwoMachines():
            return None
    except OSError as error:
        return f"two machines need network namespaces, which only root may make: {error}"


class TwoMachines:
    """A pair of network namespaces with a link, as long as the `with` lasts."""

    def __init__(self, bandwidth="1Gbit", latency="0ms"):
        self.rate, self.delay = 8 * units.bandwidth(bandwidth), units.seconds(latency)
        self.names = [f"npnet-{os.getpid()}-{letter}" for letter in "ab"]
        self.relay, self.folder = None, None

    def __enter__(self):
        remove_left_over()
        try:
            self.folder = tempfile.TemporaryDirectory(prefix="npnet-machines-")
            for name in self.names:
                ip("netns", "add", name)
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def connect(self):
        """Makes the link, its addresses and its bandwidth."""
        first, second = self.names
        if self.delay:
            self.relay = started_relay(first, second, self.delay)
        else:
            ip("link", "add", DEVICE, "netns", first, "type", "veth", "peer", "name", DEVICE, "netns", second)
        packet = int(min(60000, max(1500, self.rate / 8 * 0.0005)))             # bytes of half a millisecond
        for name, address in zip(self.names, ADDRESSES):
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", DEVICE)
            ip("-n", name, "link", "set", DEVICE, "mtu", str(packet), "up")
            subprocess.run(["tc", "-n", name, "qdisc", "add", "dev", DEVICE, "root", "tbf", "rate", f"{self.rate:.0f}bit",
                            "burst", "65536", "latency", "400ms"], check=True)
        self.wait_until_up()
        launcher = Path(self.folder.name) / "launcher"
        launcher.write_text(LAUNCHER.format(address=ADDRESSES[0], machines=self.names))
        launcher.chmod(0o755)

    def wait_until_up(self):
        """Returns when both devices can carry packets, up to a second after they were told to. OSError if never."""
        for _ in range(500):
            shown = [json.loads(ip("-n", name, "-json", "link", "show", DEVICE))[0] for name in self.names]
            if all("LOWER_UP" in one["flags"] and one["operstate"] in ("UP", "UNKNOWN") for one in shown):
                return
            time.sleep(0.01)
        raise OSError(f"{DEVICE} did not come up within seconds")

    def __exit__(self, *error):
        for name in self.names:
            remove(name)
        if self.relay:
            self.relay.kill()
            self.relay.communicate()
        if self.folder:
            self.folder.cleanup()

    def sent(self):
        """How many bytes each machine has sent over the link."""
        shown = [json.loads(ip("-n", name, "-json", "-statistics", "link", "show", DEVICE)) for name in self.names]
        return [one[0]["stats64"]["tx"]["bytes"] for one in shown]

    def command(self, words):
        """The mpiexec, on the first machine, that starts `words...` once on each."""
        launcher, hosts = str(Path(self.folder.name) / "launcher"), ",".join(ADDRESSES)
        version = subprocess.run([MPIEXEC, "--version"], capture_output=True, text=True).stdout
        if "Open" in version:                                   # Open MPI, OpenRTE
            options = ["--host", hosts, "--map-by", "node", "--mca", "plm_rsh_agent", launcher,
                       "--mca", "oob_tcp_if_include", DEVICE]
        else:                                                   # MPICH
            options = ["-localhost", ADDRESSES[0], "-hosts", hosts, "-launcher", "ssh", "-launcher-exec", launcher,
                       "-ppn", "1"]
        return ["ip", "netns", "exec", self.names[0], MPIEXEC, *options, "-n", "2", *words]

    def started(self, words, environment=None, **streams):
        """The process of that mpiexec."""
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **ONE_THREAD, **OPEN_MPI,
                     **TCP_ALONE, **(environment or {})}
        return subprocess.Popen(self.command(words), env=variables, stdin=subprocess.DEVNULL, start_new_session=True,
                                text=True, **streams)

    def launched(self, words, timeout=60, environment=None):
        """The Done of `python words...` on both machines; killed at the timeout."""
        process = self.started([sys.executable, *map(str, words)], environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        return waited(process, timeout)


def remove(name):
    """Ends the processes of a namespace and removes it, if it is there; its devices go with it."""
    try:
        for process in ip("netns", "pids", name).split():
            os.kill(int(process), signal.SIGKILL)
    except OSError:                                             # no such namespace, or the process ended by itself
        pass
    subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def remove_left_over():
    """Removes the namespaces of processes that were killed."""
    for line in ip("netns", "list").splitlines():
        name = line.split()[0]
        made_by = name.split("-")[1] if name.startswith("npnet-") else ""
        if made_by.isdigit() and not os.path.exists(f"/proc/{made_by}"):
            remove(name)


def started_relay(first, second, delay):
    """The process that carries packets between the two, both ways, `delay` seconds late. It has made the devices."""
    process = subprocess.Popen([sys.executable, __file__, "--relay", first, second, str(delay)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if process.stdout.readline() != "ready\n":
        raise OSError(f"no TUN device: {process.communicate()[1].strip()[-200:]}")
    return process


def relay(first, second, delay):
    """Carries packets until its input is closed, which is when the process that started it has ended."""
    devices = [tun(first), tun(second)]
    print("ready", flush=True)
    waiting = collections.deque()                               # (due, packet, where to), both ways, in order
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        ready = select.select([*devices, sys.stdin], [], [], timeout)[0]
        if sys.stdin in ready:
            return
        now = time.monotonic()
        for one, other in (devices, devices[::-1]):
            if one in ready:
                waiting.append((now + delay, os.read(one, 65536), other))
        while waiting and waiting[0][0] <= now:
            due, packet, device = waiting.popleft()
            try:
                os.write(device, packet)
            except OSError:                                     # the other side is not up: the packet is lost
                pass


def tun(name):
    """A new TUN device in a namespace, as a file: what is read was sent there, what is written arrives there."""
    import fcntl                                                # not on Windows
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{name}") as namespace:
        if libc.setns(namespace.fileno(), 0x40000000):          # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), f"setns {name}")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, 0x400454CA, struct.pack("16sH14x", DEVICE.encode(), 0x1001))      # TUNSETIFF, IFF_TUN | IFF_NO_PI
    return device


# ---------------------------------------------------------------------------- predicted beside measured

def compare(bandwidths, latency, net, pictures):
    """Prints a table: the seconds of a data-parallel step, predicted and measured, for every link and share."""
    print(f"{net} on two ranks; ms of a step: predicted, for the link as it was made and as npnet measured it; at best; "
          f"measured; measured over predicted")
    print(f"{'link':>16}  pictures  as made  as measured  at best  measured  ratio")
    for bandwidth in bandwidths:
        for share in pictures:
            made, as_measured, best, took = compared(bandwidth, latency, net, share)
            print(f"{bandwidth + ', ' + latency:>16}  {share:8}  {1000 * made:7.0f}  {1000 * as_measured:11.0f}  "
                  f"{1000 * best:7.0f}  {1000 * took:8.0f}  {took / made:5.2f}", flush=True)


def compared(bandwidth, latency, net, pictures):
    """Seconds of a step: predicted for the link as it was made, as npnet measured it, at best, and measured."""
    with TwoMachines(bandwidth, latency) as machines:
        path = Path(machines.folder.name) / "compared.json"
        done = machines.launched(["-m", "npnet", "plan", "--compare", "--net", net, "--per-rank", pictures, "--json", path],
                                 timeout=300)
        if done.code:
            raise SystemExit(str(done))
        found = json.loads(path.read_text())
        made, measured = Link(machines.delay, machines.rate / 8), Link(**found["link"])
    row = next(row for row in found["rows"] if row["what"] == DATA)
    computing = row["step"] - sending(net, pictures, measured)
    return computing + sending(net, pictures, made), row["step"], row["at_best"], row["measured"]


def sending(net, pictures, link):
    """The seconds of a step that two ranks spend on messages, by the planner's formulas."""
    return predicted(model(net), DATA, 2, 2 * pictures, Rates({}, 0.0, ""), link).sending


# ---------------------------------------------------------------------------- the command

def main():
    parser = argparse.ArgumentParser(description="Runs a command under mpiexec on two imitated machines.")
    parser.add_argument("--bandwidth", help="of each direction, like 200Mbit (default: 1Gbit)")
    parser.add_argument("--latency", default="0ms", help="of each direction, like 1ms (default: none)")
    parser.add_argument("--compare", action="store_true", help="instead of a command: predicted beside measured steps")
    parser.add_argument("--net", default="cifar_alexnet", help="with --compare (default: %(default)s)")
    parser.add_argument("--pictures", default="16,64", help="with --compare: of each rank (default: %(default)s)")
    parser.add_argument("--relay", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="*", help="after --: python script.py ...")
    given = parser.parse_args()
    if given.relay:
        return relay(*given.relay[:2], float(given.relay[2]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # so that everything is removed
    if given.compare:
        bandwidths = [given.bandwidth] if given.bandwidth else ["100Mbit", "1Gbit"]
        return compare(bandwidths, given.latency, given.net, list(map(int, given.pictures.split(","))))
    with TwoMachines(given.bandwidth or "1Gbit", given.latency) as machines:
        before = machines.sent()
        process = machines.started(given.command or parser.error("no command after --"))
        try:
            code = process.wait()
        finally:
            if process.poll() is None:
                ended(process)
        print("sent over the link:", *(f"{after - one:,} bytes" for one, after in zip(before, machines.sent())))
    sys.exit(code)


if __name__ == "__main__":
    main()
