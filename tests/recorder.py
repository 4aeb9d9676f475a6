"""The recorder of reads past the door is a part of the product: ``acm plugin check`` watches with it too."""

from acm.kernel.recording import READS, RELOAD, SideDoor, reads_unmarked, watching

__all__ = ["READS", "RELOAD", "SideDoor", "reads_unmarked", "watching"]
