"""Tests of nandoctor.targets."""
