"""SyntaxGym2020: do the surprisals of a language model obey the rules of syntax."""
