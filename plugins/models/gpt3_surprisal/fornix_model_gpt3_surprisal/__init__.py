"""The published word surprisals of GPT-3 davinci, replayed."""
