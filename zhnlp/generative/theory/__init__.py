"""Small laboratories, one for each idea: what a claim of the blog says, computed."""
