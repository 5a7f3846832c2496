"""From labelled pictures to a released model: build, train, evaluate, export, release."""
