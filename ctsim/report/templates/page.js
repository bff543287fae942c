// Search: hides what does not hold the words. Without JavaScript the page is whole, and the browser's own search does.
(function(){
  var box=document.getElementById("find");if(!box)return;
  box.hidden=false;
  var input=box.querySelector("input"),said=box.querySelector("output");
  var items=[].slice.call(document.querySelectorAll("[data-find]")).map(function(e){return[e,e.textContent.normalize("NFKC").toLowerCase()]});
  var holders=[].slice.call(document.querySelectorAll("[data-holds]"));
  function look(){
    var words=input.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean),hits=0;
    items.forEach(function(pair){
      var hit=words.every(function(w){return pair[1].indexOf(w)>=0});
      pair[0].classList.toggle("no-hit",!hit);if(hit)hits++;
    });
    holders.forEach(function(e){e.classList.toggle("no-hit",words.length>0&&!e.querySelector("[data-find]:not(.no-hit)"))});
    said.textContent=words.length?box.dataset.hits.replace("#",hits):"";
  }
  var wait;input.addEventListener("input",function(){clearTimeout(wait);wait=setTimeout(look,120)});
  document.addEventListener("keydown",function(e){
    if(e.key==="/"&&document.activeElement!==input){e.preventDefault();input.focus()}
    if(e.key==="Escape"&&document.activeElement===input){input.value="";look()}
  });
  window.addEventListener("hashchange",function(){var e=document.getElementById(decodeURIComponent(location.hash.slice(1)));if(e&&e.closest(".no-hit")){input.value="";look();e.scrollIntoView()}});
})();
