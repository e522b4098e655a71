"""What `unexpected detect` writes, each kind into a folder or file of its name."""

KINDS = "overlay,score,mask,labels,regions"
"""Unless asked otherwise."""
ALL_KINDS = (*KINDS.split(","), "labels_color", "resynthesis")
