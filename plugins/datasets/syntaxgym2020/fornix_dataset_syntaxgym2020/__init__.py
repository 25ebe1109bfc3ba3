"""SyntaxGym2020: 31 suites of targeted syntactic evaluation."""
