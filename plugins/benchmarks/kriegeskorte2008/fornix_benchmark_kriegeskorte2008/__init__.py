"""Representational similarity with monkey IT, human IT and human judgements on 92 object images."""
