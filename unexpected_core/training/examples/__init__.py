"""What is learned from: samples of data sets, changed at random."""
