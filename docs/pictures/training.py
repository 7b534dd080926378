"""What the page on training draws: the schedules of the rate."""
from npnet.optim import Constant, Cosine, MultiStep, Polynomial, StepDecay, WarmUp
from npnet.plots.figure import BAR, TRACK, finish, new_figure

STEPS = 100
SCHEDULES = (Constant(1.0), StepDecay(1.0, 40), MultiStep(1.0, (50, 70, 90), 0.5), Polynomial(1.0, STEPS),
             Cosine(1.0, STEPS), WarmUp(10, Cosine(1.0, STEPS - 10)))


def schedules():
    """The rate over 100 steps for six schedules, each under the name of its class."""
    figure = new_figure(4.6, 3)
    for place, schedule in enumerate(SCHEDULES):
        axes = figure.add_subplot(2, 3, place + 1, frame_on=False)
        axes.plot([schedule(step) for step in range(STEPS)], color=BAR, linewidth=2)
        axes.set(xlim=(0, STEPS), ylim=(-0.03, 1.08))
        axes.set_xticks([0, STEPS], ["0", str(STEPS)] if place > 2 else ["", ""], fontsize=9)
        axes.set_yticks([0, 1], ["0", "1"] if place % 3 == 0 else ["", ""], fontsize=9)
        axes.tick_params(length=0)
        axes.grid(color=TRACK)
        axes.set_title(type(schedule).__name__, fontsize=9)
    return finish(figure, None)
