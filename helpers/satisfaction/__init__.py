"""Wing 02: how satisfied customers say they are, and whether the questionnaire can be trusted."""
