"""Tests of nandoctor.batches."""
