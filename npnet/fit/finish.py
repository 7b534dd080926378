"""The end of a run: the test, once, with the network that validation chose, and the report."""
import numpy as np

from .. import plots
from ..data.sets import Unreadable
from ..screen import bar, counted, percent
from ..weights import read_checkpoint
from .answers import CLASSES_FOR_FIVE, answers, score
from .report import write_report
from .team import ALONE
from .unseen import seen_by

FEW = 50                    # test pictures: of fewer, each is more than 2 % of the result


def finish(run, loaders, say, team=ALONE):
    """Tests the network of a run that has come to its end, and writes the report; returns the run.

    A run that was interrupted is left as it is, one that failed has its report alone. ValueError, after the report is
    written, where a test picture cannot be read. All processes of a team test, the first one writes.
    """
    test, log_p, failed = loaders.get("test"), None, None
    if run.stopped == "interrupted":
        return run
    chosen, net = team.shared(lambda: chosen_by(run)) if not run.failed else (None, run.net)
    if test is not None and not run.failed:
        try:
            log_p = answered(net, test, team)
            run.test = score(log_p, test.pictures.labels)
        except (OSError, ValueError) as error:                  # a damaged picture: the run has its report all the same
            failed = error
    team.shared(lambda: tell(run, chosen, net, loaders, log_p, say))
    if failed is not None:
        where = team.shared(lambda: str(run.folder))
        hint = f"; npnet evaluate {where} --skip-damaged tests it on the others" * isinstance(failed, Unreadable)
        raise ValueError(f"the network could not be tested: {failed}{hint}")
    return run


def chosen_by(run):
    """The path of the checkpoint that validation chose, and its network."""
    path = run.folder / ("best.npz" if (run.folder / "best.npz").exists() else "last.npz")
    return path, read_checkpoint(path).network()


def answered(net, test, team):
    """What a network answers to the pictures of a Loader, as `answers` gives it."""
    with bar("testing", "pictures") as progress:
        return answers([(net, test.pipeline)], test.pictures, batch=test.batch, workers=test.workers, progress=progress,
                       team=team)


def tell(run, chosen, net, loaders, log_p, say):
    """Says what came of the test, if there was one, and writes the report."""
    sheets = [] if log_p is None else tested(run, log_p, loaders["test"].pictures, chosen.name, say)
    say(f"the report is {write_report(run, net, loaders['train'].pipeline, run.test, sheets)}")
    if chosen is not None:
        say(f"the network is {chosen}: npnet predict PICTURE --weights {chosen}")


def tested(run, log_p, pictures, chosen, say):
    """Says what came of a test, and returns pairs (title, Figure) for the report."""
    say(f"{chosen}: {in_words(run.test, 'test picture')}", "bold")
    (run.folder / "confident-mistakes.png").unlink(missing_ok=True)         # of an earlier network of this run
    both = int(seen_by([run.folder], pictures)[0].sum())
    if both:
        say(f"{counted(both, 'test picture was', 'test pictures were')} seen in training too, so this is better than "
            f"the network is")
    return [("Confusion", plots.confusion(run.test.confusion, pictures.classes)), *mistakes(np.exp(log_p), pictures)]


def in_words(score, picture="picture"):
    """A Score in words: how many are right, and whether so few pictures mean much."""
    five = f", {percent(score.top5, 2)} in the best five" * (len(score.confusion) >= CLASSES_FOR_FIVE)
    few = f" (only {counted(score.pictures, 'picture')}: one is {percent(1 / score.pictures)})" * (score.pictures < FEW)
    return f"{percent(score.top1, 2)} of {counted(score.pictures, picture)} right{five}{few}"


def mistakes(p, pictures, most=24):
    """A sheet of the pictures that were answered wrongly with the greatest confidence."""
    wrong = (p.argmax(axis=1) != pictures.labels).nonzero()[0]
    worst = wrong[(-p[wrong].max(axis=1)).argsort(kind="stable")][:most]
    if not len(worst):
        return []
    return [("Confident mistakes", plots.mistakes(
        [pictures[i] for i in worst], [pictures.classes[p[i].argmax()] for i in worst], p[worst].max(axis=1),
        [pictures.classes[label] for label in pictures.labels[worst]]))]
