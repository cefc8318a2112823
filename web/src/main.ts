// SPDX-License-Identifier: Apache-2.0
//
// main.ts - the portal starts: theme before the first paint, then the page that the address names
import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { theme } from './ui/theme.svelte';

theme.start();
mount(App, { target: document.body });
