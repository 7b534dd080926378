"""SGD, its schedules and clipping: by hand, against the formulas, and against PyTorch."""
import math

import numpy as np
import pytest

import npnet
from npnet import optim
from npnet.optim import SGD

W, DW = np.array([[1.0, -2.0]]), np.array([[0.5, 0.25]])


def stepped(optimizer, steps=1, w=W, dw=DW, name="fc.w"):
    """The parameter after some steps with one gradient."""
    w = w.copy()
    for _ in range(steps):
        optimizer.update({name: w}, {name: dw})
    return w


# ---------------------------------------------------------------------------- the two equations

def test_the_papers_equations_by_hand(backend):
    optimizer = SGD(lr=0.1, momentum=0.9, weight_decay=0.01)
    w = np.array([[1.0]])
    seen = []
    for _ in range(3):
        optimizer.update({"w": w}, {"w": np.array([[0.5]])})
        seen.append(w.item())

    assert np.allclose(seen, [0.949, 0.852151, 0.714135], atol=5e-7)


def test_paper_and_torch_differ_only_when_the_rate_changes(backend):
    same = [stepped(SGD(0.1, form=form), 5) for form in ("paper", "torch")]
    other = [stepped(SGD(optim.MultiStep(0.1, (2,)), form=form), 5) for form in ("paper", "torch")]

    assert np.allclose(*same, rtol=1e-12)
    assert np.abs(other[0] - other[1]).max() > 0.01


def test_only_weights_decay_and_biases_learn_at_their_own_rate():
    params = {"fc.w": np.ones((2, 2)), "fc.b": np.ones(2)}
    SGD(lr=0.1, momentum=0, weight_decay=0.5, bias_lr=2).update(params, {"fc.w": np.zeros((2, 2)), "fc.b": np.full(2, 0.25)})

    assert np.allclose(params["fc.w"], 1 - 0.1 * 0.5)
    assert np.allclose(params["fc.b"], 1 - 2 * 0.1 * 0.25)


def test_velocity_belongs_to_the_name_and_to_the_optimizer():
    one, other = SGD(0.1), SGD(0.1)
    stepped(one, name="conv1.w"), stepped(one, name="conv2.w", dw=-DW)

    assert np.allclose(one.velocity["conv1.w"], -0.1 * DW - 0.0005 * 0.1 * W)
    assert np.allclose(one.velocity["conv2.w"], 0.1 * DW - 0.0005 * 0.1 * W)
    assert other.velocity == {} and other.steps == 0 and one.steps == 2


def test_dtype_is_kept(backend):
    params = {"w": np.ones((2, 2), np.float32), "b": np.ones(2, np.float32)}
    optimizer = SGD(lr=np.float64(0.1), momentum=np.float64(0.9), weight_decay=np.float64(0.1), bias_lr=np.float64(2), clip=np.float64(0.1))
    optimizer.update(params, {name: np.ones_like(w) for name, w in params.items()})

    assert {w.dtype for w in (*params.values(), *optimizer.velocity.values())} == {np.dtype(np.float32)}


def test_clipping_is_of_all_gradients_together():
    grads = {"a": np.array([[3.0]]), "b": np.array([4.0])}          # together 5 long

    assert optim.clipping(grads, None) == 1 and optim.clipping(grads, 5) == 1
    assert optim.clipping(grads, 50) == 1                           # shorter ones are never made longer
    assert optim.clipping(grads, 1) == pytest.approx(0.2)
    params = {"a": np.zeros((1, 1)), "b": np.zeros(1)}
    SGD(lr=1, momentum=0, weight_decay=0, clip=1).update(params, grads)
    assert np.allclose([params["a"].item(), params["b"].item()], [-0.6, -0.8])
    assert grads["a"] == 3 and grads["b"] == 4                      # the gradients are the network's


# ---------------------------------------------------------------------------- schedules, by their formulas

@pytest.mark.parametrize("schedule, steps, rates", [
    (optim.Constant(0.3), (0, 1000), (0.3, 0.3)),
    (optim.StepDecay(1, 10), (0, 9, 10, 19, 20), (1, 1, 0.1, 0.1, 0.01)),
    (optim.StepDecay(1, 10, 0.5), (25,), (0.25,)),
    (optim.MultiStep(1, (5, 8)), (4, 5, 7, 8, 100), (1, 0.1, 0.1, 0.01, 0.01)),
    (optim.Polynomial(1, 10), (0, 5, 10, 11), (1, 0.5, 0, 0)),
    (optim.Polynomial(1, 10, 2), (5,), (0.25,)),
    (optim.Cosine(1, 10), (0, 5, 10, 20), (1, 0.5, 0, 0)),
    (optim.Cosine(1, 4, 0.2), (1,), (0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2,)),
    (optim.WarmUp(4, optim.StepDecay(1, 2)), (0, 3, 4, 5, 6), (0.25, 1, 1, 1, 0.1)),
])
def test_schedules(schedule, steps, rates):
    assert [schedule(step) for step in steps] == pytest.approx(rates)


def test_plateau_divides_by_ten_when_the_error_stops_improving():
    plateau = optim.Plateau(1, patience=1, times=2)
    rates = []
    for error in (0.5, 0.4, 0.4, 0.41, 0.3, 0.3, 0.3, 0.3, 0.3):
        plateau.saw(error)
        rates.append(plateau(0))

    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])
    assert plateau.finished


def test_plateau_counts_anew_after_a_drop():
    plateau = optim.Plateau(1, patience=1, times=3)
    rates = []
    for _ in range(6):
        plateau.saw(0.5)
        rates.append(plateau(0))

    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_plateau_takes_nan_as_no_improvement():
    plateau = optim.Plateau(1, patience=0, times=3)
    plateau.saw(math.nan)

    assert plateau(0) == pytest.approx(0.1) and not plateau.finished


def test_the_rate_is_that_of_the_step():
    optimizer = SGD(optim.Polynomial(1, 4), momentum=0, weight_decay=0)
    w = np.zeros((1, 1))
    for _ in range(4):
        optimizer.update({"w": w}, {"w": np.ones((1, 1))})

    assert w.item() == pytest.approx(-(1 + 0.75 + 0.5 + 0.25))
    assert optimizer.lr == 0


@pytest.mark.parametrize("make, message", [
    (lambda: SGD(lr=-1), "lr must be a number of at least 0, got -1"),
    (lambda: SGD(lr="fast"), "lr must be a number of at least 0, got 'fast'"),
    (lambda: SGD(lr=math.nan), "lr must be a number of at least 0, got nan"),
    (lambda: SGD(momentum=1), "momentum must be below 1, got 1; the paper has 0.9"),
    (lambda: SGD(weight_decay=-0.1), "weight_decay must be a number of at least 0"),
    (lambda: SGD(form="caffe"), "form must be paper or torch, got 'caffe'"),
    (lambda: SGD(clip=0), "clip must be above 0, or None for no clipping, got 0"),
    (lambda: optim.StepDecay(1, 0), "every must be a whole number of at least 1, got 0"),
    (lambda: optim.MultiStep(1, (3, 0.5)), "every step in at must be a whole number of at least 1, got 0.5"),
    (lambda: optim.Cosine(1, 10, -1), "lowest must be a number of at least 0"),
    (lambda: optim.Cosine(0.1, 10, 5), "lowest must not be above lr=0.1, where the curve begins, got 5"),
    (lambda: optim.MultiStep(1, ()), "at must be a tuple of steps, got"),
    (lambda: SGD(lr=True), "lr must be a number of at least 0, got True"),
    (lambda: optim.Cosine(1, True), "steps must be a whole number of at least 1, got True"),
    (lambda: optim.WarmUp(0, optim.Constant(1)), "steps must be a whole number"),
    (lambda: optim.WarmUp(5, 0.1), "then must be a schedule, such as Constant"),
    (lambda: optim.MultiStep(1, 3), "at must be a tuple of steps, got 3"),
    (lambda: SGD(lr=optim.Cosine), "lr must be a number or a schedule, got the class Cosine; write Cosine"),
    (lambda: SGD(lr=1j), "lr must be a number of at least 0, got 1j"),
    (lambda: SGD(clip="1"), "clip must be above 0, or None for no clipping, got '1'"),
    (lambda: SGD(clip=math.nan), "clip must be above 0, or None for no clipping, got nan"),
    (lambda: optim.Plateau(1, patience=1.5), "patience must be a whole number of at least 0, got 1.5"),
    (lambda: optim.Plateau(1, times=-1), "times must be a whole number of at least 0, got -1"),
    (lambda: SGD(bias_lr=None), "bias_lr must be a number of at least 0, got None"),
])
def test_settings_that_cannot_be_right(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()


@pytest.mark.parametrize("grads, got", [
    ({"fc.w": np.ones((1, 6))}, r"float64 \(1, 6\)"), ({"fc.w": np.ones((6, 6), "f")}, "float32"), ({}, "no gradient")])
def test_a_gradient_that_does_not_fit_changes_nothing(backend, grads, got):
    """NumPy would spread the row over the weights, a compiled text read outside of it."""
    w = np.ones((6, 6))
    with pytest.raises(ValueError, match=rf"^fc.w is float64 \(6, 6\) and needs a gradient like it, got {got}"):
        SGD().update({"fc.b": np.ones(2), "fc.w": w}, {"fc.b": np.ones(2), **grads})

    assert (w == 1).all()


def test_one_optimizer_for_two_networks_is_refused():
    optimizer = SGD()
    stepped(optimizer)

    with pytest.raises(ValueError, match=r"fc.w has shape \(3, 1\), but its velocity \(1, 2\); make an SGD of its own"):
        stepped(optimizer, w=np.ones((3, 1)), dw=np.ones((3, 1)))


def test_repr_says_all():
    assert repr(SGD(optim.Cosine(0.1, 5), clip=2)) == (
        "SGD(lr=Cosine(lr=0.1, steps=5, lowest=0.0), momentum=0.9, weight_decay=0.0005, bias_lr=1, form='paper', clip=2)")


# ---------------------------------------------------------------------------- PyTorch

def torch_lrs(torch, make, steps, each=None):
    """The rates that a scheduler of PyTorch's gives, from 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = make(torch.optim.lr_scheduler, optimizer), []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*() if each is None else (each[step],))
    return rates


@pytest.mark.torch
@pytest.mark.parametrize("ours, theirs", [
    (optim.StepDecay(1, 7, 0.3), lambda kinds, o: kinds.StepLR(o, 7, 0.3)),
    (optim.MultiStep(1, (3, 11), 0.2), lambda kinds, o: kinds.MultiStepLR(o, [3, 11], 0.2)),
    (optim.Polynomial(1, 25, 1.7), lambda kinds, o: kinds.PolynomialLR(o, 25, 1.7)),
    (optim.Cosine(1, 30, 0.01), lambda kinds, o: kinds.CosineAnnealingLR(o, 30, 0.01)),
    (optim.WarmUp(5, optim.Cosine(1, 25)), lambda kinds, o: kinds.SequentialLR(
        o, [kinds.LambdaLR(o, lambda s: (s + 1) / 5), kinds.CosineAnnealingLR(o, 25)], [5])),
], ids=["step", "multistep", "polynomial", "cosine", "warm-up"])
@pytest.mark.filterwarnings("ignore")
def test_schedules_are_pytorchs(ours, theirs):
    import torch

    assert [ours(step) for step in range(30)] == pytest.approx(torch_lrs(torch, theirs, 30), rel=1e-9, abs=1e-12)


@pytest.mark.torch
def test_plateau_is_pytorchs():
    import torch
    errors = [0.9, 0.8, 0.8, 0.8, 0.8, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.77, 0.78]
    plateau, rates = optim.Plateau(1, patience=2, times=9), []
    for error in errors:
        rates.append(plateau(0))
        plateau.saw(error)

    assert rates == pytest.approx(torch_lrs(
        torch, lambda kinds, o: kinds.ReduceLROnPlateau(o, patience=2, threshold=0), len(errors), errors))


@pytest.mark.torch
@pytest.mark.parametrize("clip", [None, 0.7])
def test_torch_form_is_pytorchs_through_a_drop_of_the_rate(random, clip):
    import torch
    w, b = random.standard_normal((4, 3)), random.standard_normal(3)
    gradients = [(random.standard_normal((4, 3)), random.standard_normal(3)) for _ in range(12)]
    ours = {"fc.w": w.copy(), "fc.b": b.copy()}
    optimizer = SGD(optim.StepDecay(0.1, 5), 0.9, 0.01, form="torch", clip=clip)
    theirs = [torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True)]
    their_optimizer = torch.optim.SGD([{"params": theirs[:1], "weight_decay": 0.01}, {"params": theirs[1:]}], lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(their_optimizer, 5)
    for dw, db in gradients:
        optimizer.update(ours, {"fc.w": dw, "fc.b": db})
        for tensor, gradient in zip(theirs, (dw, db)):
            tensor.grad = torch.tensor(gradient)
        if clip:
            torch.nn.utils.clip_grad_norm_(theirs, clip)
        their_optimizer.step()
        scheduler.step()

    assert np.allclose(ours["fc.w"], theirs[0].detach(), rtol=1e-5 if clip else 1e-12)      # clip_grad_norm_ adds 1e-6
    assert np.allclose(ours["fc.b"], theirs[1].detach(), rtol=1e-5 if clip else 1e-12)


def test_it_is_in_the_table_of_contents():
    assert npnet.SGD is SGD
