"""ResNet-20, -32 and -56 for CIFAR-10, trained and untrained."""
