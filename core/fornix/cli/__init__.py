"""The fornix command: one thin module for each verb."""
