"""Train a small AlexNet on the drawn figures: the shortest honest training script, with a loop of one's own."""
import npnet
from npnet import plots
from npnet.data import Loader, Pipeline, dataset
from npnet.optim import Cosine
from npnet.train import evaluate, train

EPOCHS, BATCH, RATE = 3, 32, 0.02

shapes = dataset("shapes")                                      # drawn here; nothing is downloaded
pipeline = Pipeline.for_training(shapes.train, (3, 32, 32))     # minus the mean, over the deviation; shifted, mirrored
batches = Loader(shapes.train, BATCH, pipeline, seed=0)
tests = Loader(shapes.test, 100, pipeline, train=False)

net = npnet.model("cifar_alexnet", classes=len(shapes.classes), seed=0)
optimizer, losses = npnet.SGD(lr=Cosine(RATE, EPOCHS * len(batches))), []

for epoch in range(EPOCHS):
    for step in train(net, optimizer, batches):                 # each pass is the next epoch
        losses.append(step.loss)
        if step.number % 40 == 0:
            print(f"step {step.number:4d}  loss {step.loss:.3f}  {100 * step.accuracy:3.0f} % right", flush=True)
    result = evaluate(net, tests)
    print(f"epoch {epoch + 1}: {100 * result.top1:.1f} % of {result.pictures:,} test pictures right")

plots.save(plots.losses(losses, "The loss of every step"), "train_shapes.png")
net.save("trained_on_shapes.npz")
