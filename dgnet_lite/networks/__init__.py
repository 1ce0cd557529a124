"""The five networks of DG-Net: E_a, E_s, G, D and the teacher. Nothing here knows how they are trained."""
