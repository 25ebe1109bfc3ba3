"""Dissimilarities of 92 object images in monkey IT, human IT and human judgements (Kriegeskorte et al. 2008; Mur et al. 2013)."""
