"""Micro-cases of batches and orders that are easily mixed up."""

from __future__ import annotations
