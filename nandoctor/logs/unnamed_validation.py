"""Rows of a validation that look like training's: only a line above them says what they are."""

from __future__ import annotations

from nandoctor.logs.groups import Group, Groups
from nandoctor.logs.line_kind import is_of_training, marked_key
from nandoctor.logs.loss_name import loss_rank


class UnnamedValidation:
    """Puts such rows into groups of their own, and back where that was a mistake."""

    def __init__(self, groups: Groups) -> None:
        self.runs = False
        """Whether a line said that those below it tell of a validation."""
        self._groups = groups
        self._apart: dict[int, tuple[Group, Group]] = {}

    def group_for(self, group: Group) -> Group | None:
        """Return where rows of the group belong while a validation runs."""
        if is_of_training(group.keys):
            return group
        keys = tuple(marked_key(key, "val") for key in group.keys)
        other = self._groups.of(keys, group.rank, group.bar)
        if other is not None and other is not group:
            self._apart[id(group)] = group, other
        return other

    def settle(self) -> None:
        """Call rows training's where they outnumber those: nothing said where validation ended."""
        apart = {id(other) for _, other in self._apart.values()}
        training = [group for group in self._groups.by_keys.values() if id(group) not in apart]
        for group, other in self._apart.values():
            losses = {key for key in group.keys if loss_rank(key) is not None}
            alike = sum(rows.count for rows in training if losses.intersection(rows.keys))
            if other.count > alike:
                other.keys = group.keys
