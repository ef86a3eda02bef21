"""Examples of the rules about ops outside their domain."""

from rules.examples.made import INF, NAN, Example, failed, operand

EXAMPLES = {
    "log_of_zero": Example(
        failed("log", operand(0.0), outputs=(-INF,)),
        failed("sqrt", operand(0.0), phase="backward"),
    ),
    "division_by_zero": Example(
        failed("div", operand(0.0), operand(0.0)),
        failed("div", operand(1e30), operand(1e-30), outputs=(INF,)),
    ),
    "exp_overflow": Example(
        failed("exp", operand(120.0), outputs=(INF,)),
        failed("exp", operand(20.0, dtype="float16"), outputs=(INF,), dtype="float16"),
    ),
    "all_masked_softmax": Example(
        failed("_softmax", operand(-INF, -INF, num_neginf=4)),
        failed("_softmax", operand(INF, 1.0, num_posinf=1)),
    ),
    "zero_variance_norm": Example(
        failed("div", operand(0.0), operand(0.0, made_by=("std", "sub", "mean"))),
        failed("div", operand(0.0), operand(0.0, made_by=("norm", "addmm"))),
    ),
    "empty_reduction": Example(
        failed("mean", operand(shape=(0,), numel=0)),
        failed("div", operand(0.0), operand(0.0, made_by=("norm",))),
    ),
    "all_labels_ignored": Example(
        failed("nll_loss_forward", operand(), operand()),
        failed("nll_loss_forward", operand(NAN), operand()),
    ),
    "ctc_infeasible": Example(
        failed("_ctc_loss", operand(), outputs=(INF,)),
        failed("nll_loss_forward", operand(), outputs=(INF,)),
    ),
    "inf_minus_inf": Example(
        failed("sub", operand(-INF), operand(-INF)),
        failed("sub", operand(1e38), operand(-3e38), outputs=(INF,)),
    ),
    "zero_times_inf": Example(
        failed("mul", operand(0.0), operand(-INF)),
        failed("mul", operand(1e30), operand(1e30), outputs=(INF,)),
    ),
    "cumulative_overflow": Example(
        failed("exp", operand(95.0, made_by=("neg", "cumsum", "log_sigmoid")), outputs=(INF,)),
        failed("exp", operand(95.0, made_by=("addmm",)), outputs=(INF,)),
    ),
    "std_of_one": Example(
        failed("std", operand(shape=(1, 4), numel=4)),
        failed("std", operand(shape=(0, 4), numel=0)),
    ),
    "nan_placeholder": Example(
        failed("full", arguments={"fill_value": NAN}),
        failed("where", operand(NAN, made_by=("div",)), outputs=(NAN,)),
    ),
    "atan2_at_origin": Example(
        failed("div", operand(0.0), operand(0.0), path_to_loss=("block: div", "block: atan")),
        failed("div", operand(0.0), operand(0.0), path_to_loss=("block: div", "block: sum")),
    ),
    "range_overflow": Example(
        failed("pow", operand(1.7e9), outputs=(INF,)),
        failed("pow", operand(400.0, dtype="float16"), outputs=(INF,), dtype="float16"),
    ),
}
