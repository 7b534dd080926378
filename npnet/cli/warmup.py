"""`npnet warmup`: compile all kernels now, so that nothing waits for a compiler later."""
import time

from ..fast.kernels import kernels
from ..fast.warmup import warm_up
from ..screen import bar, clock, counted, echo


def add(commands):
    parser = commands.add_parser("warmup")
    parser.description = ("Compile all that the numba backend needs on this processor, and keep it: on a cluster, or "
                          "before a class begins. What is there already is left as it is.")
    parser.add_argument("--float64", action="store_true", help="also for float64, which gradient checks use")
    parser.add_argument("--list", action="store_true", help="name every kernel, with its time")
    parser.set_defaults(run=run)


def run(options):
    start = time.perf_counter()
    with bar("compiling", "layers") as progress:
        had = warm_up(["float32", "float64"] if options.float64 else ["float32"], progress)
    compiled = [each for each in had if each.compiled]
    if options.list:
        for each in had:
            print(f"{each.seconds:7.2f} s  {'compiled' if each.compiled else 'was there':9}  {each.name}")
    others = len(had) - len(compiled)
    echo(f"{counted(len(compiled), 'kernel')} compiled, {others} {'was' if others == 1 else 'were'} there, "
         f"in {clock(time.perf_counter() - start)}: {kernels()}")
