"""How good is it: retrieval (CMC, mAP), realism (PSNR, SSIM), and generated swaps against true ones."""
