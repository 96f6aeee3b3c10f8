"""Points: the front door through which members earn, spend and lose points by the rules of their program."""
