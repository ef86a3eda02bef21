"""The starter file that ``nandoctor replay --template`` prints; text only."""

TEMPLATE = '''\
"""Rebuilds the failing step for nandoctor. Fill in build_model; the rest is optional.

    nandoctor replay debug_checkpoint.pt --model replay.py --batch batch.pt
    nandoctor diagnose RUN_DIRECTORY            (finds this file there as replay.py)

To have everything at hand when a run dies, save at the failing step, before optimizer.step():

    torch.save({"step": step, "model_state": model.state_dict(),
                "optimizer_state": optimizer.state_dict(), "rng_state": torch.get_rng_state()},
               f"debug_checkpoint_step_{step}.pt")
    torch.save(batch, "batch.pt")
"""

import torch


def build_model():
    """Return the model as it was trained; the weights come from the checkpoint."""
    raise NotImplementedError("return your torch.nn.Module here")


# def compute_loss(model, batch):
#     """Return the scalar that you call backward() on. Without this function the output itself is
#     taken if it is a scalar, else output.loss (a mapping batch is passed as keywords).
#     A batch.pt that is a list of micro-batches is one accumulated step: their losses are added
#     as they come out of here, so divide here if your loop divides."""
#     logits = model(batch["input_ids"])
#     return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten())


# def build_optimizer(model):
#     """Return the optimizer; its state comes from the checkpoint. Lets nandoctor simulate the
#     update as well."""
#     return torch.optim.AdamW(model.parameters(), lr=3e-4)


# def build_scheduler(optimizer):
#     """Return the learning-rate scheduler, for `nandoctor recover`."""
#     return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10_000)


# def make_batch(step):
#     """Return the batch of that step of the data stream. Lets nandoctor try other batches, and
#     stands in for a batch that was not saved."""
#     return dataset.batch(step)


# def build_dataloader():
#     """Return the loader instead, if your data stream has no make_batch: its step-th batch is
#     taken."""
#     return torch.utils.data.DataLoader(dataset, batch_size=8)
'''
