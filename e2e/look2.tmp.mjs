import { chromium } from '@playwright/test'
const U='http://localhost:4310'
const b = await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--disable-gpu','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync']})
const ctx = await b.newContext({viewport:{width:1000,height:900}, permissions:['clipboard-read','clipboard-write']})
const p = await ctx.newPage()
p.on('console',m=>['error','warning'].includes(m.type())&&console.log('CONSOLE',m.text())); p.on('pageerror',e=>console.log('PAGEERROR',String(e)))
await p.goto(U+'/todos'); await p.getByText('Live').waitFor()
const titles=()=>p.locator('.todos-text').allTextContents()
const state=async()=>(await p.locator('.todos-item').evaluateAll(l=>l.map(x=>x.className.includes('completed')?1:0))).join('')
const add=async t=>{await p.locator('.new-todo').fill(t);await p.locator('.new-todo').press('Enter');await p.waitForTimeout(80)}
// clear all
await p.evaluate(()=>0)
if (await p.locator('.todos-item').count()) { if(!(await p.locator('.toggle-all').isChecked())) await p.locator('.toggle-all').click(); await p.waitForTimeout(300); await p.locator('.clear-completed').click(); await p.waitForTimeout(300)}
for (const t of ['a','b','c','d','e']) await add(t)
await p.evaluate(()=>document.addEventListener('click',e=>console.error('click',e.detail,e.target.className?.baseVal??e.target.className),true))
const box=await p.locator('.destroy').nth(1).boundingBox()
console.log('before',await titles())
await p.mouse.dblclick(box.x+10,box.y+10); await p.waitForTimeout(500)
console.log('after dblclick delete',await titles())
await p.mouse.move(box.x+10,box.y+10); await p.mouse.down({clickCount:1}); await p.mouse.up({clickCount:1}); await p.waitForTimeout(150); await p.mouse.down({clickCount:2}); await p.mouse.up({clickCount:2}); await p.waitForTimeout(500)
console.log('after slow dblclick delete',await titles())
for (const t of ['f','g']) await add(t)
await add(' '); await p.waitForTimeout(400)
const d=await p.getByRole('button',{name:'Dismiss'}).boundingBox()
console.log('state',await state())
await p.mouse.move(d.x+20,d.y+20); await p.mouse.down({clickCount:1}); await p.mouse.up({clickCount:1}); await p.waitForTimeout(150); await p.mouse.down({clickCount:2}); await p.mouse.up({clickCount:2}); await p.waitForTimeout(500)
console.log('state after dblclick dismiss',await state())
await p.locator('.new-todo').fill('')
// IME
const cdp=await ctx.newCDPSession(p)
await p.locator('.new-todo').focus()
await cdp.send('Input.imeSetComposition',{text:'にほ',selectionStart:2,selectionEnd:2})
await cdp.send('Input.dispatchKeyEvent',{type:'rawKeyDown',windowsVirtualKeyCode:229,key:'Process',code:'Enter'})
await cdp.send('Input.dispatchKeyEvent',{type:'keyUp',windowsVirtualKeyCode:13,key:'Enter',code:'Enter'})
console.log('during IME', await p.locator('.new-todo').inputValue(), await titles())
await cdp.send('Input.insertText',{text:'日本'})
console.log('committed', await p.locator('.new-todo').inputValue(), (await titles()).length)
await p.keyboard.press('Enter'); await p.waitForTimeout(200); console.log('entered',(await titles())[0])
// paste
await p.evaluate(()=>navigator.clipboard.writeText(Array.from({length:10},(_,i)=>'line '+i).join('\n')))
await p.locator('.new-todo').focus(); await p.keyboard.press('Control+v'); await p.waitForTimeout(100); console.log('pasted:',JSON.stringify(await p.locator('.new-todo').inputValue()))
await p.keyboard.press('Escape'); console.log('escape:',await p.locator('.new-todo').inputValue()); await p.locator('.new-todo').fill('')
// dblclick title then immediately others
await p.getByTestId('todo-title').first().dblclick(); await p.keyboard.type(' XX'); await p.getByTestId('todo-title').nth(2).dblclick(); await p.waitForTimeout(300); console.log(await titles(), await p.locator('.edit').count(), await p.locator('.edit').inputValue()); await p.keyboard.press('Escape')
// dblclick on checkbox
console.log(await state()); await p.locator('.toggle').nth(0).dblclick(); await p.waitForTimeout(400); console.log('dbl toggle',await state()); await p.locator('.toggle-all').dblclick(); await p.waitForTimeout(400); console.log('dbl toggle-all',await state())
await p.getByRole('link',{name:'Active'}).dblclick(); await p.waitForTimeout(300); console.log(p.url()); await p.getByRole('link',{name:'All'}).dblclick(); await p.waitForTimeout(300); console.log(p.url()); await p.goBack(); await p.waitForTimeout(200); console.log('back',p.url())
await b.close()
