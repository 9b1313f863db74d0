# What is made here is for its owner alone.
umask 077
