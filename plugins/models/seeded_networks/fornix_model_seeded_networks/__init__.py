"""ResNet-18 and AlexNet with seeded random weights."""
