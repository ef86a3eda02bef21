"""One example and one look-alike for every rule, by cause."""

from rules.examples import backward, data, domain, dynamics, files, parts, precision, state

EXAMPLES = {
    **domain.EXAMPLES,
    **precision.EXAMPLES,
    **data.EXAMPLES,
    **state.EXAMPLES,
    **backward.EXAMPLES,
    **dynamics.EXAMPLES,
    **files.EXAMPLES,
    **parts.EXAMPLES,
}
