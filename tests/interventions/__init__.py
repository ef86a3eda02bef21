"""Tests of nandoctor.interventions."""
