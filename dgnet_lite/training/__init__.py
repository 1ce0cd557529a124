"""How DG-Net, its teacher and their controls are trained."""
