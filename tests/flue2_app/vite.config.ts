import { flue } from '@flue/vite';
import { defineConfig } from 'vite';

export default defineConfig({ plugins: [flue({ providers: [] })], build: { sourcemap: false } });
