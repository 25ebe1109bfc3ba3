"""Causal and masked language models in the Hugging Face format."""
