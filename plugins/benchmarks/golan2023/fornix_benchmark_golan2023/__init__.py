"""Golan2023-preference: does a language model prefer the sentence that people prefer."""
