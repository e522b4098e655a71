"""What `unexpected evaluate` judges: methods by name, their scores, and the options that these need."""
